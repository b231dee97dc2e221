/**
 * A trigger as a caller posts it: answered as before where its id is known; else checked against its definition, its contact found
 * (or created and changed, where the definition says so), then taken. Nothing is stored of one that is refused.
 */
import { Refusal } from '../../domain/refusal.ts'
import type { TriggerInput } from '../../domain/shapes/trigger.ts'
import { isReserved } from '../../domain/triggers/catalogue.ts'
import { bringContact, splitContact } from '../contacts/bringContact.ts'
import { resolveContact, unknownContact } from '../contacts/resolveContact.ts'
import { readTriggerDefinition, refusePayload } from '../definitions/triggerDefinition.ts'
import type { Deps } from '../deps.ts'
import { committing } from '../outcomes.ts'
import { type IncomingEvent, type TakenEvent, takeTrigger, takeTriggerIn } from './takeTrigger.ts'
import { answeredBefore, type SaidOnce, takeOnce } from './triggerIds.ts'

/**
 * @param caller id of the API key
 * @throws Refusal not-found for an unknown trigger, forbidden for one of our own, invalid naming the field, conflict for an id
 * used with another content (`trigger-id-reused`) or an address that several contacts share
 */
export async function postTrigger(
  deps: Deps,
  name: string,
  input: TriggerInput,
  caller: string,
): Promise<TakenEvent> {
  const said = { contact: input.contact, payload: input.payload, occurredAt: input.occurredAt ?? null }
  const once: SaidOnce | null = input.id === undefined ? null : { sender: caller, name, id: input.id, said }
  const before = once === null ? null : await answeredBefore(deps.db, once)
  if (before !== null) return before

  const definition = await readTriggerDefinition(deps.db, name)
  if (isReserved(name)) {
    throw new Refusal(
      'trigger-reserved',
      `Only Assent itself raises "${name}". Register a trigger under a name of your own.`,
    )
  }
  await refusePayload(deps, name, definition, input.payload)
  const { reference, patch } = splitContact(input.contact)
  const fields = Object.keys(patch)
  if (fields.length > 0 && !definition.createContact) throw fieldsNotAllowed(name, fields)

  const incoming: Omit<IncomingEvent, 'contactId'> = {
    name,
    sender: caller,
    senderEvent: input.id ?? null,
    said,
    payload: input.payload,
    occurredAt: input.occurredAt ?? null,
  }
  const known = fields.length > 0 ? null : await resolveContact(deps.db, reference)
  if (known !== null) return takeTrigger(deps, { ...incoming, contactId: known })
  if (!definition.createContact) throw unknownContact(reference)
  // In one transaction: a trigger that is refused leaves no contact behind, and no change to one.
  return takeOnce(deps.db, once, () =>
    committing(deps, async (inner) => {
      const { id: contactId, created, withoutAddress } = await bringContact(inner.db, inner, input.contact)
      const about = created === null ? {} : { created, withoutAddress }
      return takeTriggerIn(inner, inner.db, { ...incoming, contactId, about })
    }),
  )
}

function fieldsNotAllowed(name: string, fields: readonly string[]): Refusal {
  const code = 'contact-fields-not-allowed'
  const detail = `The trigger "${name}" cannot change a contact. Name the contact by externalId, email or phone only, or set createContact in the trigger's definition.`
  return new Refusal(code, detail, {
    errors: fields.map((field) => ({
      pointer: `/contact/${field}`,
      code,
      message: 'This trigger does not take this field. Leave it out.',
    })),
  })
}
