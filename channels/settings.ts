/**
 * The settings of all channels: the variables of the environment each one reads. A channel describes its own in its folder; here they
 * are put together, for `settings.ts` to check at start.
 */
import { z } from 'zod'
import { emailSettings } from './email/settings.ts'

export const channelSettings = { ...emailSettings }

const shape = z.object(channelSettings)
export type ChannelSettings = z.infer<typeof shape>
