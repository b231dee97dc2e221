/** Counts the statements that go to the database, those in transactions included. */
import type { Db } from '../../db/connect.ts'
import type { Deps } from '../../transactions/deps.ts'

/** @returns the deps to act with, and how many statements it has sent so far */
export function countStatements(deps: Deps): { deps: Deps; sent(): number } {
  let sent = 0
  const counted = new WeakSet<object>()
  const count = (db: Db): Db => {
    const { session } = db._
    if (counted.has(session)) return db
    counted.add(session)
    const prepare = session.prepareQuery.bind(session)
    session.prepareQuery = (...query) => {
      sent += 1
      return prepare(...query)
    }
    return db
  }
  // The session of `deps` serves other callers too, so only transactions are counted.
  const db: Db = Object.create(deps.db, {
    transaction: {
      value: (act: (tx: Db) => Promise<unknown>, config?: object) =>
        deps.db.transaction((tx) => act(count(tx)), config),
    },
  })
  return { deps: { ...deps, db }, sent: () => sent }
}
