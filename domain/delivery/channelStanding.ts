/** How a worker finds a channel's provider: whether it could obtain a place there when it last tried, or what was in the way. */
export type ChannelStanding = { readonly ok: true } | { readonly ok: false; readonly code: string }

/** By channel. A channel that was not tried yet is missing. */
export type ChannelStandings = { readonly [channel: string]: ChannelStanding }
