/** The built-in triggers: business names that every CRM has, and the ones that Assent raises itself. */

/** Only Assent raises these; a caller may not send them. */
const own: Record<string, string> = {
  'message.delivered': 'A message was delivered',
  'message.opened': 'A message was opened',
  'message.clicked': 'A link in a message was clicked',
  'message.bounced': 'A message bounced for good',
  'message.complained': 'A message was reported as unwanted',
  'message.replied': 'A message was answered',
  'consent.granted': 'Somebody opted in',
  'consent.withdrawn': 'Somebody opted out',
  'double-opt-in.confirmed': 'A double opt-in was confirmed',
  'double-opt-in.expired': 'A double opt-in was not confirmed in time',
  'double-opt-in.withdrawn': 'A double opt-in was withdrawn while it was pending',
}

const business: Record<string, string> = {
  'contact.created': 'A contact was created',
  'contact.email-updated': "A contact's e-mail address changed",
  'contact.phone-updated': "A contact's phone number changed",
  'contact.address-updated': "A contact's postal address changed",
  'lead.created': 'A lead was created',
  'case.created': 'A case was opened',
  'case.closed': 'A case was closed',
  'opportunity.created': 'An opportunity was created',
  'opportunity.won': 'An opportunity was won',
  'opportunity.closed': 'An opportunity was closed',
  'event.registered': 'Somebody registered for an event',
  'event.registration-cancelled': 'A registration for an event was cancelled',
  'event.checked-in': 'Somebody checked in at an event',
  'form.submitted': 'A form was submitted',
  'record.changed': 'A record changed: { record, changed: { field: [old, new] } }',
  'page.viewed': 'A page was viewed',
}

export type BuiltInTrigger = { name: string; description: string; own: boolean }

export const builtInTriggers: readonly BuiltInTrigger[] = [
  ...Object.entries(own).map(([name, description]) => ({ name, description, own: true })),
  ...Object.entries(business).map(([name, description]) => ({ name, description, own: false })),
]

/** Whether only Assent itself raises it. */
export function isReserved(name: string): boolean {
  return Object.hasOwn(own, name)
}
