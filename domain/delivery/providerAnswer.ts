/** What a delivery's row keeps of the provider's answer; addresses were masked before it was stored. */
import { z } from 'zod'

export const providerAnswerShape = z.object({
  /** Reply code (SMTP: RFC 5321 §4.2). */
  code: z.number().nullish(),
  /** Enhanced status code (RFC 3463). */
  enhanced: z.string().nullish(),
  text: z.string().nullish(),
})
