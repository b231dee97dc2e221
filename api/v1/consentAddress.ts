/** Reads addresses and moments from requests, in the form in which they are stored. */
import { z } from 'zod'
import 'zod-openapi'
import { normaliseAddress } from '../../domain/addresses/normalise.ts'
import { invalid } from '../../domain/refusal.ts'
import { contactPointShape, instantShape } from '../../domain/shapes/primitives.ts'

/** Query that names a contact point. A "+" in an address must be written as %2B. */
export const addressQuery = z.object({
  channel: contactPointShape.shape.channel,
  address: contactPointShape.shape.address,
})

const view = {
  asOf: instantShape
    .optional()
    .meta({ description: 'State at this time, counting what had happened by then' }),
  knownAt: instantShape
    .optional()
    .meta({ description: 'State as known at this time, counting what had been recorded by then' }),
}

/** Query that looks at the past. */
export const viewQuery = addressQuery.extend(view)

/** The same in a body: an address in a URL also reaches the logs of every proxy on the way. */
export const addressBody = z
  .strictObject({ contactPoint: contactPointShape })
  .meta({ id: 'ContactPointLookup', description: 'Names one contact point' })
export const viewBody = z
  .strictObject({ contactPoint: contactPointShape, ...view })
  .meta({ id: 'ConsentLookup', description: 'Names one contact point, now or in the past' })

/**
 * @param pointer of the address in the request
 * @returns the address normalised
 * @throws Refusal invalid
 */
export function addressOf(point: { channel: string; address: string }, pointer: string): string {
  const normalised = normaliseAddress(point.channel, point.address)
  if (!normalised.ok) throw invalid(pointer, 'invalid-address', normalised.message)
  return normalised.address
}
