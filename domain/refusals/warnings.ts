/**
 * Codes of warnings: doubtful parts of a definition that was stored anyway. They appear in `problems` of a successful
 * answer, never in a problem document.
 */
import type { CatalogueEntries } from './entry.ts'

export const warnings = {
  'unknown-variable': {
    cause: 'A template reads a variable that leads nowhere, so it renders empty.',
    remedy: 'Correct the name, or add the property to the trigger’s schema.',
  },
  'empty-variable': {
    cause: 'A template reads a variable that has no value for the values of this preview.',
    remedy: 'Give it a default in the template: `{{ contact.attributes.name | default: "there" }}`.',
  },
  'profile-differs': {
    cause: 'The message, its purpose and the journey do not belong to the same profile.',
    remedy: 'Name the same profile in all of them.',
  },
  'not-known-yet': {
    cause:
      'The profile names a purpose or message that does not exist yet. Until it does, nothing is tracked or confirmed.',
    remedy: 'Create it.',
  },
  'goal-not-counted': {
    cause: 'The journey has a `goal`. It is stored, but conversions are not counted yet.',
    remedy: 'Nothing needs to be done.',
  },
  'unknown-moment': {
    cause:
      'The moment of a wait may be unknown for some contacts. A message below could leave too early, so the run ends there.',
    remedy: 'Set `onUnknown` of the wait: `exit` to confirm this, or `continue` to go on at once.',
  },
  'unknown-link-name': {
    cause: 'A wait for a click names a link that the message does not have.',
    remedy: 'Name a `data-link` of the message, or its URL.',
  },
  'tracking-off': {
    cause: 'A wait for an open or a click refers to a message that is never tracked.',
    remedy: 'Wait for something else, or remove `"tracking": false` from the message.',
  },
  'no-way-to-opt-in': {
    cause: 'The message needs an opt-in that nobody can give, so it will be blocked.',
    remedy: 'Set a double opt-in for the profile, or record consents with `POST /v1/consents`.',
  },
  'contact-without-address': {
    cause: 'The contact was created without an address, so no message reaches it.',
    remedy: 'Give it an address with `PATCH /v1/contacts/{externalId}`.',
  },
} as const satisfies CatalogueEntries

export type WarningCode = keyof typeof warnings
