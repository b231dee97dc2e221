/** Whether the mail server takes a connection, found out as a delivery would: by getting one. */
import { ChannelUnavailable, type EmailChannel } from './channel.ts'

/** Milliseconds: less than a channel waits for a free place, and more than it waits for a server that does not answer. */
const patience = 25_000

/** @returns null where it could not be found out: all connections are busy, which a dead server's would not be */
export async function probeMail(
  email: EmailChannel,
  options: { patience?: number } = {},
): Promise<{ ok: true } | { ok: false; code: string } | null> {
  try {
    const slot = await email.acquire({ signal: AbortSignal.timeout(options.patience ?? patience) })
    slot.release()
    return { ok: true }
  } catch (error) {
    return error instanceof ChannelUnavailable ? { ok: false, code: error.code } : null
  }
}
