/** The problems that a check found in a definition: the same shape for every kind of definition. */
import { z } from 'zod'

export const findingShape = z
  .object({
    severity: z
      .enum(['error', 'warning'])
      .meta({ description: '`error`: cannot be published; `warning`: doubtful, look at it' }),
    pointer: z.string().meta({ description: 'JSON pointer (RFC 6901) into the definition' }),
    code: z
      .string()
      .meta({ description: 'Stable and machine-readable: see [errors and warnings](/problems)' }),
    message: z.string(),
  })
  .meta({ id: 'Finding', description: 'Something wrong or doubtful in a definition' })

/** A warning: the request created a contact that no message can reach. @param pointer of the contact in the request */
export function createdWithoutAddress(pointer: string): z.infer<typeof findingShape> {
  const message = 'The contact was created without an address. No message reaches it until it has one.'
  return { severity: 'warning', pointer, code: 'contact-without-address', message }
}
