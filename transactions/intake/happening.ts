/** An event of a contact, while it takes effect: stored, and the contact's lock held. */
import type { Db } from '../../db/connect.ts'
import type { StoredEvent } from '../../db/schema/triggers.ts'
import type { Deps } from '../deps.ts'
import type { ContactRow } from '../locks.ts'
import type { Bindings } from '../runs/bindings.ts'

export type Happening = {
  deps: Deps
  tx: Db
  event: StoredEvent & { seq: number }
  contact: ContactRow
  bindings: Bindings
}
