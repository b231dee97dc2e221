/** What activities work with. */
import type { Channels } from '../channels/registry.ts'
import type { Deps } from '../transactions/deps.ts'

/** `publicUrl`: base of the links in a message. */
export type Means = { deps: Deps; channels: Channels; publicUrl: string }
