/** Codes for journeys that cannot be published (422), also found in `problems` when a draft is put. */
import type { CatalogueEntries } from './entry.ts'

export const journeyCodes = {
  'invalid-key': {
    cause: 'A key or step id has characters that it may not have, or is too long.',
    remedy: 'Use the characters that `message` lists.',
  },
  'invalid-condition': {
    cause: 'A condition does not parse, or reads something that does not exist there.',
    remedy: 'Correct the expression as `message` says.',
  },
  'invalid-duration': {
    cause: 'A duration is not one, or is out of bounds.',
    remedy: 'Write a whole number and a unit, such as `3 days`.',
  },
  'invalid-wait': {
    cause: 'A wait has no end, or two, or an end that is not a time.',
    remedy: 'Give either `for`, or `until` with a valid time of day, days and zone.',
  },
  'unknown-step': {
    cause: 'The step that a wait refers to does not exist, or sends nothing.',
    remedy: 'Name a step of type `send`.',
  },
  'step-not-sent-yet': {
    cause: 'The message that a wait refers to cannot have been sent before the wait.',
    remedy: 'Move the wait behind the send.',
  },
  'unreachable-step': {
    cause: 'Every way before the step ends the run, so it is never reached.',
    remedy: 'Remove the step, or the end before it.',
  },
} as const satisfies CatalogueEntries
