/** Counts the statements that transactions send, and the round trips they take. */
import type { Db } from '../../db/connect.ts'
import type { Deps } from '../../transactions/deps.ts'

export type Counted = {
  /** Acts as the deps it was made of. */
  deps: Deps
  /** Statements sent so far. */
  sent(): number
  /** Times that a transaction waited for the database so far, BEGIN and COMMIT left out: pipelined statements share one. */
  roundTrips(): number
}

/** The session of `deps` serves other callers too, so only transactions are counted. */
export function countStatements(deps: Deps): Counted {
  let sent = 0
  let roundTrips = 0
  const counted = new WeakSet<object>()
  const count = (db: Db): Db => {
    const { session } = db._
    if (counted.has(session)) return db
    counted.add(session)
    let waiting = 0
    const prepare = session.prepareQuery.bind(session)
    session.prepareQuery = (...query) => {
      const prepared = prepare(...query)
      const execute = prepared.execute.bind(prepared)
      prepared.execute = async (...values) => {
        sent += 1
        if (waiting === 0) roundTrips += 1
        waiting += 1
        try {
          return await execute(...values)
        } finally {
          waiting -= 1
        }
      }
      return prepared
    }
    return db
  }
  const db: Db = Object.create(deps.db, {
    transaction: {
      value: (act: (tx: Db) => Promise<unknown>, config?: object) =>
        deps.db.transaction((tx) => act(count(tx)), config),
    },
  })
  return { deps: { ...deps, db }, sent: () => sent, roundTrips: () => roundTrips }
}
