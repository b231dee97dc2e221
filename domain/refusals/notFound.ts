/**
 * Codes for what does not exist (404). Each kind of thing has its own, so that a caller can tell which of two keys was
 * wrong.
 */
import type { CatalogueEntries, CatalogueEntry } from './entry.ts'

/** @param where the route that lists the existing ones */
function missing(thing: string, where: string): CatalogueEntry {
  return {
    cause: `No ${thing} has this key or id: it is misspelt, or the ${thing} was deleted or never created.`,
    remedy: `Check the key or id. ${where}`,
  }
}

/** Things that a caller can request by key or id. */
const thingCodes = {
  'profile-not-found': missing('profile', '`GET /v1/profiles` lists all.'),
  'purpose-not-found': missing('purpose', '`GET /v1/purposes` lists all.'),
  'message-not-found': missing('message', '`GET /v1/messages` lists all.'),
  'trigger-not-found': missing('trigger', 'Register it with `PUT /v1/trigger-definitions/{name}`.'),
  'journey-not-found': missing('journey', '`GET /v1/journeys` lists all.'),
  'version-not-found': missing('version', 'The list of versions of the same definition shows what exists.'),
  'contact-not-found': missing('contact', '`POST /v1/contacts/lookup` finds a contact by an address.'),
  'contact-point-not-found': missing('contact point', 'Ask for it by channel and address.'),
  'run-not-found': missing('run', '`GET /v1/runs` lists runs by journey, contact and state.'),
  'wait-not-found': missing('wait', 'Read the run again: it may have gone on.'),
  'delivery-not-found': missing(
    'delivery',
    '`GET /v1/deliveries` lists deliveries by contact, run and state.',
  ),
  'double-opt-in-not-found': missing('double opt-in', 'Ask for a new one with `POST /v1/double-opt-ins`.'),
  'verification-not-found': missing('verification', 'Ask for one with `POST /v1/consents/verify`.'),
  'test-mail-not-found': missing('test mail', 'Send another: test mails are kept for a limited time.'),
  'key-not-found': missing('API key', '`GET /v1/keys` lists all.'),
  'parked-row-not-found': missing('parked row', '`GET /v1/outbox` lists all. A row that was told is gone.'),
} as const satisfies CatalogueEntries

export type Thing = keyof typeof thingCodes extends `${infer Name}-not-found` ? Name : never

export const notFoundCodes = {
  'route-not-found': {
    cause: 'No route has this address.',
    remedy: 'Compare the address with the API reference at `/docs`.',
  },
  'link-not-found': {
    cause: 'The link of a message is incomplete or unknown.',
    remedy: 'Copy the whole link from the message.',
  },
  'address-not-found': {
    cause: 'Nothing is recorded about this address.',
    remedy: 'Check the channel and the address. In a query, write "+" as `%2B`.',
  },
  'problem-not-found': {
    cause: 'No kind of problem has this name.',
    remedy: '`GET /problems` lists all.',
  },
  ...thingCodes,
} as const satisfies CatalogueEntries
