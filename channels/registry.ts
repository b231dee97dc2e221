/** The channels of this process, opened from its settings. To add a channel, add a line to `openChannels`. */
import type { ChannelStandings } from '../domain/delivery/channelStanding.ts'
import type { FieldError } from '../domain/refusal.ts'
import type { Profile } from '../domain/shapes/profile.ts'
import { type Channel, ChannelUnavailable } from './channel.ts'
import { openEmailChannel } from './email/email.ts'
import { probeChannel } from './probe.ts'
import type { ChannelSettings } from './settings.ts'

/** Opens every channel that has settings. A channel connects only when a slot is requested. */
export function openChannels(settings: ChannelSettings): Channels {
  return new Channels([openEmailChannel(settings)])
}

export class Channels {
  readonly #channels: ReadonlyMap<string, Channel>

  constructor(channels: readonly Channel[]) {
    this.#channels = new Map(channels.map((channel) => [channel.key, channel]))
  }

  /** Keys of the channels that this process can send on. */
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

  /** Errors in a profile with which the channels cannot send. */
  async checkSender(profile: Profile): Promise<readonly FieldError[]> {
    const found = await Promise.all([...this.#channels.values()].map((one) => one.checkSender(profile)))
    return found.flat()
  }

  /** Probes each channel's provider. Channels that could not be probed are left out. */
  async probe(): Promise<ChannelStandings> {
    const found = await Promise.all(
      [...this.#channels].map(async ([key, channel]) => [key, await probeChannel(channel)] as const),
    )
    return Object.fromEntries(
      found.flatMap(([key, standing]) => (standing === null ? [] : [[key, standing]])),
    )
  }

  /** Refuses new hand-overs; resolves when those in progress have ended. */
  async close(): Promise<void> {
    await Promise.all([...this.#channels.values()].map((channel) => channel.close()))
  }
}
