/** Codes for fields of any request (422). In `errors`, each comes with the pointer of its field. */
import type { CatalogueEntries } from './entry.ts'

export const fieldCodes = {
  'invalid-fields': {
    cause: 'Several fields are wrong, in different ways. `errors` names each.',
    remedy: 'Correct the fields in `errors`.',
  },
  required: {
    cause: 'A required field is missing.',
    remedy: 'Send the field.',
  },
  'unknown-field': {
    cause: 'The request has a field that this route does not know: often a misspelt name.',
    remedy: 'Correct the name, or leave the field out.',
  },
  'wrong-type': {
    cause: 'The value has another type than the field: for example text where a number belongs.',
    remedy: 'Send the type that `message` names.',
  },
  'wrong-format': {
    cause: 'The text does not have the format of the field: for example a time without an offset.',
    remedy: 'Send the format that `message` names.',
  },
  'unknown-value': {
    cause: 'The field takes one of a few values, and this is none of them.',
    remedy: 'Send one of the values that `message` lists.',
  },
  'text-too-short': {
    cause: 'The text is empty, or shorter than the field allows.',
    remedy: 'Send a longer text, or leave the field out if it is optional.',
  },
  'text-too-long': {
    cause: 'The text is longer than the field allows.',
    remedy: 'Shorten the text to the length in `message`.',
  },
  'number-too-small': {
    cause: 'The number is below the least that the field allows.',
    remedy: 'Send a number within the bounds in `message`.',
  },
  'number-too-large': {
    cause: 'The number is above the most that the field allows.',
    remedy: 'Send a number within the bounds in `message`.',
  },
  'list-too-short': {
    cause: 'The list has fewer items than the field needs.',
    remedy: 'Send at least as many items as `message` says.',
  },
  'list-too-long': {
    cause: 'The list has more items than the field allows.',
    remedy: 'Send at most as many items as `message` says.',
  },
  duplicate: {
    cause: 'The same thing is named twice.',
    remedy: 'Name it once.',
  },
  'invalid-value': {
    cause: 'The value breaks a rule of the field that `message` states.',
    remedy: 'Send a value that keeps to the rule.',
  },
  'not-allowed-here': {
    cause: 'The field does not go together with the other fields of the request.',
    remedy: 'Leave the field out, or change the field that `message` names.',
  },
  'cannot-be-stored': {
    cause:
      'The request contains text that cannot be stored (U+0000, half a surrogate pair), a number beyond the range of JSON, or a member named `__proto__`.',
    remedy: 'Remove it.',
  },
  'nested-too-deep': {
    cause: 'Lists and objects are nested deeper than can be stored.',
    remedy: 'Make the document flatter.',
  },
  'unknown-parameter': {
    cause: 'The query has a parameter that this route does not know: often a misspelt name.',
    remedy: 'Correct the name, or leave the parameter out.',
  },
  'invalid-cursor': {
    cause: '`after` is not a cursor of this list.',
    remedy: 'Send the `next` of the page before, or start without `after`.',
  },
  'one-of-these': {
    cause: 'The request names a contact in several ways at once.',
    remedy: 'Name it by one field only.',
  },
  'read-only': {
    cause:
      'A read-only member (`version`, `updatedAt` …) differs from what is stored: somebody changed the document after you read it.',
    remedy: 'Read the document again and repeat your change, or leave the member out.',
  },
  'invalid-address': {
    cause: 'The address is not valid on its channel.',
    remedy: 'Correct the address. Phone numbers need the international form, such as +49 30 901820.',
  },
  'unknown-channel': {
    cause: 'No channel has this key.',
    remedy: 'Use one of the channels that `message` lists.',
  },
  'unknown-profile': {
    cause: 'No profile has this key.',
    remedy: 'Create it with `PUT /v1/profiles/{key}`, or name another.',
  },
  'unknown-purpose': {
    cause: 'No purpose has this key.',
    remedy: 'Create it with `PUT /v1/purposes/{key}`, or name another.',
  },
  'unknown-topic': {
    cause: 'The purpose has no topic of this key.',
    remedy: 'Add it with `PUT /v1/purposes/{key}`, or name another.',
  },
  'unknown-message': {
    cause: 'No message has this key.',
    remedy: 'Create it with `PUT /v1/messages/{key}`, or name another.',
  },
  'unknown-trigger': {
    cause: 'No trigger has this name.',
    remedy: 'Register it with `PUT /v1/trigger-definitions/{name}`, or name another.',
  },
  'unknown-contact': {
    cause: 'No contact is known by this external id or address.',
    remedy:
      'Create it with `PUT /v1/contacts/{externalId}`, or set `createContact` in the trigger’s definition.',
  },
} as const satisfies CatalogueEntries
