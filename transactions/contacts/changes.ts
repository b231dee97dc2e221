/** Derives the business triggers of a change to a contact. */
import type { contacts } from '../../db/schema/contacts.ts'
import { own } from '../../domain/own.ts'
import { sameJson } from '../../domain/sameJson.ts'

/** A business trigger to raise. */
export type Raised = { name: string; payload: Record<string, unknown> }

type Fields = Pick<
  typeof contacts.$inferSelect,
  'kind' | 'account' | 'attributes' | 'postalAddress' | 'locale' | 'timeZone'
>

/** Payloads of address changes contain no address: conditions read the current address from the contact. */
export function changesOf(before: Fields, after: Fields, moved: readonly { channel: string }[]): Raised[] {
  const raised: Raised[] = []
  if (moved.some(({ channel }) => channel === 'email'))
    raised.push({ name: 'contact.email-updated', payload: {} })
  if (moved.some(({ channel }) => channel === 'sms'))
    raised.push({ name: 'contact.phone-updated', payload: {} })
  if (!sameJson(before.postalAddress ?? null, after.postalAddress ?? null)) {
    raised.push({ name: 'contact.address-updated', payload: {} })
  }
  const changed = { ...plainChanges(before, after), ...attributeChanges(before.attributes, after.attributes) }
  if (Object.keys(changed).length > 0)
    raised.push({ name: 'record.changed', payload: { record: after.kind, changed } })
  return raised
}

type Changed = Record<string, [old: unknown, now: unknown]>

function plainChanges(before: Fields, after: Fields): Changed {
  const changed: Changed = {}
  for (const field of ['kind', 'account', 'locale', 'timeZone'] as const) {
    if (before[field] !== after[field]) changed[field] = [before[field], after[field]]
  }
  return changed
}

function attributeChanges(before: Record<string, unknown>, after: Record<string, unknown>): Changed {
  const changed: Changed = {}
  for (const name of new Set([...Object.keys(before), ...Object.keys(after)])) {
    const old = own(before, name) ?? null
    const now = own(after, name) ?? null
    if (!sameJson(old, now)) changed[name] = [old, now]
  }
  return changed
}
