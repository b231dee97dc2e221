/** Ids are UUIDv7 (RFC 9562): unique without asking, and sorted by the time they were made. */
import { v7 } from 'uuid'

/** @param at the moment the id is to carry, RFC 3339, where a row says when it was made; else now */
export function newId(at?: string): string {
  return at === undefined ? v7() : v7({ msecs: Date.parse(at) })
}

/** The first id that a moment can have: a list from then on begins here. @param at RFC 3339; before 1970 counts as 1970 */
export function firstIdOf(at: string): string {
  const hex = Math.max(0, Date.parse(at)).toString(16).padStart(12, '0')
  return `${hex.slice(0, 8)}-${hex.slice(8)}-7000-8000-000000000000`
}

/** The moment that an id carries, RFC 3339: when whatever it names was made. */
export function momentOf(id: string): string {
  return new Date(Number.parseInt(id.replaceAll('-', '').slice(0, 12), 16)).toISOString()
}
