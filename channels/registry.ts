/** The channels of this process, made from its settings. A new channel is one more line in `openChannels`. */
import type { ChannelStandings } from '../domain/delivery/channelStanding.ts'
import type { FieldError } from '../domain/refusal.ts'
import type { Profile } from '../domain/shapes/profile.ts'
import { type Channel, ChannelUnavailable } from './channel.ts'
import { openEmailChannel } from './email/email.ts'
import { probeChannel } from './probe.ts'
import type { ChannelSettings } from './settings.ts'

/** Opens every channel that the settings give. None connects before a slot is wanted. */
export function openChannels(settings: ChannelSettings): Channels {
  return new Channels([openEmailChannel(settings)])
}

export class Channels {
  readonly #channels: ReadonlyMap<string, Channel>

  constructor(channels: readonly Channel[]) {
    this.#channels = new Map(channels.map((channel) => [channel.key, channel]))
  }

  /** Keys of the channels that can be sent on. */
  get keys(): ReadonlySet<string> {
    return new Set(this.#channels.keys())
  }

  /** @throws ChannelUnavailable `not-set-up` */
  get(key: string): Channel {
    const channel = this.#channels.get(key)
    if (channel === undefined) {
      throw new ChannelUnavailable('not-set-up', `this process has no settings for the channel "${key}"`)
    }
    return channel
  }

  /** False also for a channel that is not set up. */
  isIdempotent(key: string): boolean {
    return this.#channels.get(key)?.idempotent ?? false
  }

  /** What in a profile the channels cannot send with. */
  async checkSender(profile: Profile): Promise<readonly FieldError[]> {
    const found = await Promise.all([...this.#channels.values()].map((one) => one.checkSender(profile)))
    return found.flat()
  }

  /** How each channel's provider is found now. Those that could not be found out are missing. */
  async probe(): Promise<ChannelStandings> {
    const found = await Promise.all(
      [...this.#channels].map(async ([key, channel]) => [key, await probeChannel(channel)] as const),
    )
    return Object.fromEntries(
      found.flatMap(([key, standing]) => (standing === null ? [] : [[key, standing]])),
    )
  }

  /** Refuses further hand-overs; resolves when those under way have ended. */
  async close(): Promise<void> {
    await Promise.all([...this.#channels.values()].map((channel) => channel.close()))
  }
}
