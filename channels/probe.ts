/** Whether the mail server takes a connection, found out as a delivery would: by getting one. */
import { ChannelUnavailable, type EmailChannel } from './channel.ts'

/** Milliseconds to wait for a connection. */
const patience = 20_000

/** @returns null where it could not be found out: all connections are busy, which a dead server's would not be */
export async function probeMail(
  email: EmailChannel,
): Promise<{ ok: true } | { ok: false; code: string } | null> {
  try {
    const slot = await email.acquire({ signal: AbortSignal.timeout(patience) })
    slot.release()
    return { ok: true }
  } catch (error) {
    return error instanceof ChannelUnavailable ? { ok: false, code: error.code } : null
  }
}
