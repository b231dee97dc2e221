/** Codes for consents, double opt-ins and contacts that contradict themselves or the definitions (422). */
import type { CatalogueEntries } from './entry.ts'

export const consentCodes = {
  'proof-missing': {
    cause: 'An opt-in came without `circumstances` or `notice`. Permission without proof is not recorded.',
    remedy: 'Send how the permission came about, and the exact wording that the person agreed to.',
  },
  'opt-out-only': {
    cause: 'The purpose `*` (everything) can be opted out of, but nobody can opt in to it.',
    remedy: 'Name each purpose of the opt-in.',
  },
  'no-consent-needed': {
    cause: 'A transactional purpose needs no consent, so none can be recorded for it.',
    remedy: 'Name a commercial, tracking or terms purpose.',
  },
  'reserved-source': {
    cause: 'Only Assent itself records consents with this source.',
    remedy: 'Name your own source: one of those that `message` lists.',
  },
  'in-the-future': {
    cause: '`occurredAt` is more than five minutes ahead of the server’s clock.',
    remedy: 'Send the time at which it happened. Check the clock of the sending machine.',
  },
  'double-opt-in-unsupported': {
    cause: 'There is no double opt-in on this channel, or the channel is not set up.',
    remedy: 'Ask for it on the channel `email`, once a mail server is set up.',
  },
  'double-opt-in-not-set': {
    cause: 'The profile has no `doubleOptIn`.',
    remedy: 'Add `doubleOptIn` to the profile with `PUT /v1/profiles/{key}`.',
  },
  'contact-without-this-address': {
    cause: 'The contact that the request names does not have the address.',
    remedy: 'Give the address to the contact first, or leave `contact` out.',
  },
  'too-many-addresses': {
    cause: 'A contact has at most 20 addresses beside its e-mail address and phone number.',
    remedy: 'Send fewer addresses.',
  },
  'contact-too-large': {
    cause: 'The attributes of a contact would have more than 1 MB in all.',
    remedy: 'Remove attributes that no message or journey reads.',
  },
  'contact-fields-not-allowed': {
    cause: 'The trigger brings fields of a contact, but its definition has no `createContact`.',
    remedy:
      'Set `createContact` in the definition, or change the contact with `PATCH /v1/contacts/{externalId}`.',
  },
  'recipient-blocked': {
    cause: 'The address of a test mail belongs to somebody who may not get this message now.',
    remedy: 'Send the test to a mailbox of your own that is no contact’s.',
  },
} as const satisfies CatalogueEntries
