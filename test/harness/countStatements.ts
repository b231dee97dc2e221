/** Counts the statements that go to the database, those in transactions included. */
import type { Db } from '../../db/connect.ts'
import type { House } from '../../transactions/house.ts'

/** @returns the house to act in, and how many statements it has sent so far */
export function countStatements(house: House): { house: House; sent(): number } {
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
  // The house's own session serves other callers too, so only transactions are counted.
  const db: Db = Object.create(house.db, {
    transaction: {
      value: (act: (tx: Db) => Promise<unknown>, config?: object) =>
        house.db.transaction((tx) => act(count(tx)), config),
    },
  })
  return { house: { ...house, db }, sent: () => sent }
}
