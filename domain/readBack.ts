/**
 * The answer of a `GET` can be put back. It has members that cannot be changed: they name the thing (`key`, `id`), or
 * say which state of it was read (`version`, `updatedAt`). A `PUT` accepts them if they still have the current value.
 * So a caller that reads, changes and puts gets a refusal if somebody else changed the thing in between.
 *
 * One exception keeps `PUT` idempotent: a request that would change nothing may name an earlier state, since it may be a
 * repetition of the request that made the present state.
 */
import { canonicalBytes } from './ledger/canonical.ts'
import { type FieldError, Refusal } from './refusal.ts'

/**
 * A read-only member in a request. `said` undefined: the request left it out. `stored` undefined: nothing is stored
 * yet.
 */
export type ReadBack = {
  pointer: string
  said: unknown
  stored: unknown
  /**
   * `name`: the thing's name, which never changes. `state`: a number or moment that grows with each change. `part`: a part
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

/** Whether two JSON values are equal, whatever the order of members, and of the items of sets. */
function isSame(left: unknown, right: unknown): boolean {
  if (Array.isArray(left) && Array.isArray(right)) {
    const [mine, theirs] = [left, right].map((list) => list.map(canonicalText).toSorted())
    return canonicalText(mine) === canonicalText(theirs)
  }
  return canonicalText(left) === canonicalText(right)
}

function isEarlier(said: unknown, stored: unknown): boolean {
  if (typeof said === 'number' && typeof stored === 'number') return said < stored
  // Moments are RFC 3339 in UTC with milliseconds: they sort as text.
  return typeof said === 'string' && typeof stored === 'string' && said < stored
}

function canonicalText(value: unknown): string {
  return Buffer.from(canonicalBytes(value ?? null)).toString('utf8')
}
