/**
 * Whether a worker can reach a channel's provider: its last attempt to obtain a connection slot succeeded, or the
 * reason it failed.
 */
export type ChannelStanding = { readonly ok: true } | { readonly ok: false; readonly code: string }

/** By channel. A channel that was not used yet is missing. */
export type ChannelStandings = { readonly [channel: string]: ChannelStanding }
