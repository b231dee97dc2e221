/** Refusals for a request that names a definition that does not exist. */
import { invalid, type Refusal } from '../refusal.ts'

export function unknownProfile(pointer: string, key: string): Refusal {
  return invalid(pointer, 'unknown-profile', `There is no profile "${key}". Create it, or name another.`)
}

export function unknownPurpose(pointer: string, key: string): Refusal {
  return invalid(pointer, 'unknown-purpose', `There is no purpose "${key}". Create it, or name another.`)
}

export function unknownTopic(pointer: string, purpose: string, topic: string): Refusal {
  return invalid(
    pointer,
    'unknown-topic',
    `The purpose "${purpose}" has no topic "${topic}". Add it, or name another.`,
  )
}
