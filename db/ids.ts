/** Ids are UUIDv7 (RFC 9562): unique without coordination, and sorted by the time of their creation. */
import { v7 } from 'uuid'

/** @param at the moment to store in the id, RFC 3339, if the row has its own creation time. Default: now */
export function newId(at?: string): string {
  return at === undefined ? v7() : v7({ msecs: Date.parse(at) })
}

/** The lowest id of a moment: the start of a list from that moment on. @param at RFC 3339; earlier than 1970 counts as 1970 */
export function firstIdOf(at: string): string {
  const hex = Math.max(0, Date.parse(at)).toString(16).padStart(12, '0')
  return `${hex.slice(0, 8)}-${hex.slice(8)}-7000-8000-000000000000`
}

/** The moment stored in an id, RFC 3339: when the row with this id was created. */
export function momentOf(id: string): string {
  return new Date(Number.parseInt(id.replaceAll('-', '').slice(0, 12), 16)).toISOString()
}
