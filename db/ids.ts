/** Ids are UUIDv7 (RFC 9562): unique without asking, and sorted by the time they were made. */
import { v7 } from 'uuid'

export function newId(): string {
  return v7()
}
