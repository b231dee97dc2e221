/**
 * What a `GET` answers can be put back. Beside what was put, an answer has members that cannot be put: they name the thing (`key`,
 * `id`), or say which state of it was read (`version`, `updatedAt`). Given back they are accepted where they still say the same.
 * So whoever reads, changes and puts is told when somebody else was faster.
 *
 * One exception keeps `PUT` idempotent: a request that would change nothing may name an earlier state, since it may be the
 * repetition of the one that made the present state.
 */
import { canonicalBytes } from './ledger/canonical.ts'
import { type FieldError, Refusal } from './refusal.ts'

/** A member that was given back. `said` undefined: it was not. `stored` undefined: there is nothing yet. */
export type ReadBack = {
  pointer: string
  said: unknown
  stored: unknown
  /**
   * `name`: what the thing is called, always the same. `state`: a number or moment that grows with each change. `part`: something
   * that is changed elsewhere.
   */
  kind: 'name' | 'state' | 'part'
}

/**
 * @param unchanged the request would change nothing
 * @throws Refusal invalid (`read-only`), with a pointer for each member that differs
 */
export function refuseReadBack(members: readonly ReadBack[], unchanged: boolean): void {
  const errors = members.flatMap((member) => problemOf(member, unchanged) ?? [])
  if (errors.length === 0) return
  throw new Refusal(
    'read-only',
    'Read-only members differ from what is stored. Read the document again, or leave them out.',
    { errors },
  )
}

function problemOf({ pointer, said, stored, kind }: ReadBack, unchanged: boolean): FieldError | null {
  if (said === undefined) return null
  if (stored !== undefined && isSame(said, stored)) return null
  switch (kind) {
    case 'name':
      return {
        pointer,
        code: 'read-only',
        message: 'This member is read-only and names something else. Leave it out.',
      }
    case 'state':
      if (unchanged && stored !== undefined && isEarlier(said, stored)) return null
      return {
        pointer,
        code: 'read-only',
        message: 'This member is read-only and not the current one. Read the document again.',
      }
    case 'part':
      if (unchanged) return null
      return {
        pointer,
        code: 'read-only',
        message: 'This member cannot be changed here and differs from what is stored. Leave it out.',
      }
    default:
      return kind satisfies never
  }
}

/** Whether two JSON values are equal, whatever the order of members, and of items that are a set. */
function isSame(left: unknown, right: unknown): boolean {
  if (Array.isArray(left) && Array.isArray(right)) {
    const [mine, theirs] = [left, right].map((list) => list.map(canonicalText).toSorted())
    return canonicalText(mine) === canonicalText(theirs)
  }
  return canonicalText(left) === canonicalText(right)
}

function isEarlier(said: unknown, stored: unknown): boolean {
  if (typeof said === 'number' && typeof stored === 'number') return said < stored
  // Moments are RFC 3339 in UTC with milliseconds: their texts are in the order of time.
  return typeof said === 'string' && typeof stored === 'string' && said < stored
}

function canonicalText(value: unknown): string {
  return Buffer.from(canonicalBytes(value ?? null)).toString('utf8')
}
