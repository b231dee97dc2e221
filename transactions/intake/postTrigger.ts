/**
 * A trigger as a caller posts it: checked against its definition, its contact found (or created, where the definition says so),
 * then taken. Nothing is stored of one that is refused.
 */
import { eq } from 'drizzle-orm'
import { newId } from '../../db/ids.ts'
import { triggerDefinitions } from '../../db/schema/definitions.ts'
import { notFound, Refusal } from '../../domain/refusal.ts'
import { contactShape } from '../../domain/shapes/contact.ts'
import {
  type TriggerDefinition,
  type TriggerInput,
  triggerDefinitionShape,
} from '../../domain/shapes/trigger.ts'
import { isReserved } from '../../domain/triggers/catalogue.ts'
import { payloadProblems } from '../../domain/triggers/payloadSchema.ts'
import { normalisedAddresses, putContact } from '../contacts/putContact.ts'
import { resolveContact, unknownContact } from '../contacts/resolveContact.ts'
import type { House } from '../house.ts'
import { type TakenEvent, takeTrigger } from './takeTrigger.ts'

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
  const contactId = await contactFor(house, input, definition)
  return takeTrigger(house, {
    name,
    sender: caller,
    senderEvent: input.id ?? newId(),
    contactId,
    payload: input.payload,
    occurredAt: input.occurredAt ?? null,
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

async function contactFor(house: House, input: TriggerInput, definition: TriggerDefinition): Promise<string> {
  const known = await resolveContact(house.db, input.contact)
  if (known !== null) return known
  if (!definition.createContact) throw unknownContact(input.contact)
  const { externalId, email, phone } = input.contact
  const contact = contactShape.parse({ email, phone })
  normalisedAddresses(contact)
  const made = await putContact(house, externalId ?? `assent-${newId()}`, contact)
  return made.id
}
