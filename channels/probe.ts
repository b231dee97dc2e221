/** Whether a channel's provider can be used now. Found out as a delivery would: by obtaining a slot. */
import type { ChannelStanding } from '../domain/delivery/channelStanding.ts'
import { type Channel, ChannelUnavailable } from './channel.ts'

/** Milliseconds: less than a channel waits for a free place, and more than it waits for a provider that does not answer. */
const patience = 25_000

/** @returns null where it could not be found out: all places are in use, which they would not be with a dead provider */
export async function probeChannel(
  channel: Pick<Channel, 'acquire'>,
  options: { patience?: number } = {},
): Promise<ChannelStanding | null> {
  try {
    const slot = await channel.acquire({ signal: AbortSignal.timeout(options.patience ?? patience) })
    slot.release()
    return { ok: true }
  } catch (error) {
    return error instanceof ChannelUnavailable ? { ok: false, code: error.code } : null
  }
}
