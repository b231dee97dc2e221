/** Which sources of a consent event a caller may name, and which only Assent itself may use. */
import { sourceKinds } from './event.ts'

export type SourceKind = (typeof sourceKinds)[number]

/** Assent saw it happen: on its own page or form, by its own mail, or by a provider's verified callback. */
const ownSourceKinds = [
  'form',
  'double-opt-in',
  'preference-center',
  'one-click',
  'sms-keyword',
  'complaint',
] as const satisfies readonly SourceKind[]

const own: ReadonlySet<string> = new Set(ownSourceKinds)

export function isOutsideSource(kind: SourceKind): boolean {
  return !own.has(kind)
}

/** What another system may name as the source of a consent. */
export const outsideSourceKinds: readonly SourceKind[] = sourceKinds.filter(isOutsideSource)
