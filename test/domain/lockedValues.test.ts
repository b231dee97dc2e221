/** What types cannot hold: nobody casts to a locked value, locks past `locks.ts`, or sends queries of a transaction side by side. */
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'

const checkout = new URL('../../', import.meta.url).pathname

describe('in our source', () => {
  const files = globSync('{transactions,db,engine,activities,api,views,channels}/**/*.ts', {
    cwd: checkout,
  })
  const source = (file: string) =>
    readFileSync(join(checkout, file), 'utf8').replace(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, '')
  const linesWith = (pattern: RegExp, of: readonly string[]) =>
    of.flatMap((file) =>
      source(file)
        .split('\n')
        .filter((line) => pattern.test(line))
        .map((line) => `${file}: ${line.trim()}`),
    )
  const others = files.filter((file) => file !== 'transactions/locks.ts')

  it('nothing is cast to a locked value, nor to what could be one', () => {
    expect(files.length).toBeGreaterThan(200)
    // Angle brackets cast nothing in files that Node runs as they are.
    expect(linesWith(/\bas\s+(unknown|any|never)\b|\bas\s.*\bLocked/, others)).toEqual([])
  })

  it('rows of these tables are locked by nothing else', () => {
    const locking = /for (no key )?update|for (key )?share|\.for\('|advisory/
    const found = linesWith(locking, others).filter((line) => !/skip ?locked/i.test(line))
    expect(found.map((line) => line.split(':')[0]).toSorted()).toEqual([
      'db/migrate.ts',
      // Rows of the outbox, twice: for a dispatcher's report, and to bring a stream forward.
      'transactions/outboxLeases.ts',
      'transactions/outboxLeases.ts',
      'transactions/recovery/recoverRequest.ts',
      'transactions/testMails/requestTestMail.ts',
    ])
  })

  it('only a prepared query makes a bound one', () => {
    expect(
      linesWith(
        /BoundQuery\.of\(|new BoundQuery\(/,
        files.filter((file) => file !== 'db/preparedQuery.ts'),
      ),
    ).toEqual([])
  })

  it('queries of a transaction are sent together by `pipelined` alone', () => {
    const together = /Promise\.(all|allSettled|race|any)\(/
    const inside = files.filter((file) => /^(transactions|db)\//.test(file))
    const found = linesWith(together, inside).map((line) => line.split(':')[0])
    expect(found.toSorted()).toEqual([
      // Connections that close, and what they wait for.
      'db/connect.ts',
      'db/connect.ts',
      'db/pipelined.ts',
      'db/transaction.ts',
      'db/transaction.ts',
      // Two reads outside a transaction.
      'transactions/deliveries/decideDelivery.ts',
    ])
  })
})
