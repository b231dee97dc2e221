/** Codes for valid requests that the present state does not allow (409). */
import type { CatalogueEntries } from './entry.ts'

export const conflictCodes = {
  'reentry-not-permitted': {
    cause:
      'The contact was in this journey before, and the rule `reentry` of the journey does not let it in again now.',
    remedy: 'Wait until the rule permits it, or change `reentry` and publish the journey.',
  },
  'too-many-runs': {
    cause: 'The contact has 50 open runs of this journey, the most that are allowed.',
    remedy: 'Wait until a run ends, or cancel one with `POST /v1/runs/{id}/cancel`.',
  },
  'journey-not-published': {
    cause: 'The journey is a draft. Only a published version can be run.',
    remedy: 'Publish it with `POST /v1/journeys/{key}/publish`.',
  },
  'journey-published': {
    cause: 'A journey that was published cannot be deleted: its runs and their proof refer to it.',
    remedy: 'Leave it. To end it, publish a version without an entry.',
  },
  'still-in-use': {
    cause: 'Something else uses what should be deleted. `detail` says what.',
    remedy: 'Change or delete what uses it first.',
  },
  'built-in': {
    cause: 'The trigger is one of Assent’s own and cannot be deleted.',
    remedy: 'Leave it.',
  },
  'confirmation-needed': {
    cause: 'The change makes people reachable who never opted in. `effect` says how many.',
    remedy: 'If that is intended, repeat the request with `?confirm=true`.',
  },
  'purpose-changed': {
    cause: 'The purpose of the message changed while the message was checked.',
    remedy: 'Repeat the request.',
  },
  'address-shared': {
    cause: 'Several contacts have this address. `externalIds` lists them.',
    remedy: 'Name the contact by its external id.',
  },
  'contact-point-erased': {
    cause: 'The contact point was erased.',
    remedy: 'Record a new permission by channel and address.',
  },
  'run-ended': {
    cause: 'The run has ended. It cannot be cancelled or retried.',
    remedy: 'Start another run, if re-entry permits it.',
  },
  'run-unreadable': {
    cause: 'This version of Assent cannot read the position or the journey version of the run.',
    remedy: 'Upgrade Assent and retry the run, or cancel it.',
  },
  'journey-unreadable': {
    cause: 'This version of Assent cannot read the published version of the journey.',
    remedy: 'Upgrade Assent, or publish the journey again.',
  },
  'trigger-id-reused': {
    cause: 'You used this trigger id before for a trigger of the same name with another content.',
    remedy: 'Give each event its own id. Repeat an event only with the same content.',
  },
  'idempotency-key-reused': {
    cause: 'You used this `Idempotency-Key` before for another request.',
    remedy: 'Send a new key for each new request.',
  },
  'idempotency-key-in-progress': {
    cause: 'The first request with this `Idempotency-Key` is not finished.',
    remedy: 'Wait a moment, then repeat the request with the same key.',
  },
  'not-held': {
    cause: 'Only a delivery in state `held` can be retried. This one has another state.',
    remedy: 'Read the delivery again.',
  },
  'not-unknown': {
    cause: 'Only a delivery in state `unknown` can be settled. This one has another state.',
    remedy: 'Read the delivery again: its outcome is known now, or it is still being sent.',
  },
} as const satisfies CatalogueEntries
