/**
 * A trigger as a caller posts it: checked against its definition, its contact found (or created, where the definition says so),
 * then taken. Nothing is stored of one that is refused.
 */
import { eq } from 'drizzle-orm'
import type { Db } from '../../db/connect.ts'
import { newId } from '../../db/ids.ts'
import { triggerDefinitions } from '../../db/schema/definitions.ts'
import { notFound, Refusal } from '../../domain/refusal.ts'
import { contactShape } from '../../domain/shapes/contact.ts'
import type { ContactReference } from '../../domain/shapes/primitives.ts'
import {
  type TriggerDefinition,
  type TriggerInput,
  triggerDefinitionShape,
} from '../../domain/shapes/trigger.ts'
import { isReserved } from '../../domain/triggers/catalogue.ts'
import { payloadProblems } from '../../domain/triggers/payloadSchema.ts'
import { newcomerId } from '../contacts/adoptNewcomer.ts'
import { normalisedAddresses, putContactIn } from '../contacts/putContact.ts'
import { resolveContact, unknownContact } from '../contacts/resolveContact.ts'
import { lockKey } from '../definitions/nextVersion.ts'
import type { House } from '../house.ts'
import { type TakenEvent, takeTrigger, takeTriggerIn } from './takeTrigger.ts'

/**
 * @param caller id of the API key
 * @throws Refusal not-found for an unknown trigger, forbidden for one of our own, invalid naming the field, conflict for an id
 * used with another content or an address that several contacts share
 */
export async function postTrigger(
  house: House,
  name: string,
  input: TriggerInput,
  caller: string,
): Promise<TakenEvent> {
  const definition = await readDefinition(house, name)
  if (isReserved(name)) throw new Refusal('forbidden', `"${name}" is raised by Assent itself`)
  const errors = payloadProblems(definition.schema, input.payload, '/payload')
  if (errors.length > 0)
    throw new Refusal('invalid', 'the payload breaks the schema of its trigger', { errors })
  const event = {
    name,
    sender: caller,
    senderEvent: input.id ?? newId(),
    payload: input.payload,
    occurredAt: input.occurredAt ?? null,
  }
  const known = await resolveContact(house.db, input.contact)
  if (known !== null) return takeTrigger(house, { ...event, contactId: known })
  if (!definition.createContact) throw unknownContact(input.contact)
  // In one transaction: a trigger that is refused leaves no contact behind.
  return house.db.transaction(async (tx) => {
    const contactId = await findOrCreateContact(tx, house, input.contact)
    return takeTriggerIn(house, tx, { ...event, contactId })
  })
}

async function readDefinition(house: House, name: string): Promise<TriggerDefinition> {
  const [row] = await house.db
    .select({ definition: triggerDefinitions.definition })
    .from(triggerDefinitions)
    .where(eq(triggerDefinitions.name, name))
  if (row === undefined) throw notFound('trigger', name)
  return triggerDefinitionShape.parse(row.definition)
}

/**
 * Whoever comes second finds the contact the first one made, or the one that was put meanwhile, and leaves it as it is.
 *
 * Lock: an advisory one on what names the contact; for an external id the one that `putContact` takes.
 */
async function findOrCreateContact(tx: Db, house: House, reference: ContactReference): Promise<string> {
  const { externalId, email, phone } = reference
  const contact = contactShape.parse({ email, phone })
  const addresses = normalisedAddresses(contact)
  if (externalId !== undefined) await lockKey(tx, 'contact', externalId)
  for (const [channel, address] of addresses) await lockKey(tx, 'newcomer', `${channel}:${address}`)
  const known = await resolveContact(tx, reference)
  if (known !== null) return known
  const made = await putContactIn(tx, house, externalId ?? newcomerId(), contact, addresses)
  return made.id
}
