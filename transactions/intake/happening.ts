/** An event of a contact, stored, while it takes effect. */
import type { Db } from '../../db/connect.ts'
import type { StoredEvent } from '../../db/schema/triggers.ts'
import type { Deps } from '../deps.ts'
import type { LockedContact } from '../locks.ts'
import type { Bindings } from '../runs/bindings.ts'

export type Happening = {
  deps: Deps
  tx: Db
  event: StoredEvent & { seq: number }
  contact: LockedContact
  bindings: Bindings
}
