/** How long things are kept: one table, which the documentation repeats and every database table is named in. */
import { readFileSync } from 'node:fs'
import { getTableName, is } from 'drizzle-orm'
import { PgTable } from 'drizzle-orm/pg-core'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import * as access from '../../db/schema/access.ts'
import * as contacts from '../../db/schema/contacts.ts'
import * as definitions from '../../db/schema/definitions.ts'
import * as deliveries from '../../db/schema/deliveries.ts'
import * as doubleOptIns from '../../db/schema/doubleOptIns.ts'
import * as journeys from '../../db/schema/journeys.ts'
import * as ledger from '../../db/schema/ledger.ts'
import * as recovery from '../../db/schema/recovery.ts'
import * as retention from '../../db/schema/retention.ts'
import * as testMails from '../../db/schema/testMails.ts'
import * as triggers from '../../db/schema/triggers.ts'
import * as workers from '../../db/schema/workers.ts'
import {
  defaultDays,
  keptForGood,
  parseRetention,
  type Retention,
  retentionNames,
  retentions,
} from '../../domain/retention.ts'

const schema = [
  access,
  contacts,
  definitions,
  deliveries,
  doubleOptIns,
  journeys,
  ledger,
  recovery,
  retention,
  testMails,
  triggers,
  workers,
]

it('every table of the database has a retention, or a reason to be kept for good', () => {
  const tables = schema
    .flatMap((part) => Object.values(part))
    .filter((one) => is(one, PgTable))
    .map((table) => getTableName(table))
  const swept = retentionNames.flatMap((name): readonly string[] => retentions[name].tables)
  const named = [...swept, ...Object.keys(keptForGood)]
  expect(named.toSorted()).toEqual([...tables, 'schema_migrations'].toSorted())
})

describe('docs/operations.md', () => {
  const docs = readFileSync(new URL('../../docs/operations.md', import.meta.url), 'utf8')

  it.each(retentionNames)('says what becomes of %s', (name) => {
    const { what, since, days, least, stays }: Retention = retentions[name]
    const fewest = least === null ? 'fixed' : String(least)
    const age = `${days} ${days === 1 ? 'day' : 'days'} after ${since}`
    expect(docs).toContain(`| \`${name}\` | ${what} | ${age} | ${fewest} | ${stays} |\n`)
  })
})

describe('ASSENT_RETENTION', () => {
  it('changes what it names, and leaves the rest', () => {
    expect(parseRetention(' trigger-events=180, run-paths = 90,')).toEqual({
      ok: true,
      days: { ...defaultDays, 'trigger-events': 180, 'run-paths': 90 },
    })
    expect(parseRetention('')).toEqual({ ok: true, days: defaultDays })
  })

  it.each([
    ['events=180', /"events" cannot be set; .*trigger-events/],
    ['trigger-ids=10', /"trigger-ids" cannot be set/],
    ['run-paths=29', /run-paths takes a whole number of days from 30 to 36500/],
    ['run-paths=36501', /from 30 to 36500/],
    ['run-paths=1e3', /whole number/],
    ['run-paths=90=90', /whole number/],
    ['run-paths', /whole number/],
    ['run-paths=90,run-paths=91', /set twice/],
    ['constructor=90', /cannot be set/],
  ])('refuses %s', (text, problem) => {
    expect(parseRetention(text)).toEqual({ ok: false, problems: [expect.stringMatching(problem)] })
  })

  it('never shortens a retention below its least, whatever the text says', () => {
    const part = fc.tuple(fc.constantFrom(...retentionNames, 'x'), fc.oneof(fc.integer(), fc.string()))
    fc.assert(
      fc.property(fc.array(part), (parts) => {
        const read = parseRetention(parts.map(([name, value]) => `${name}=${value}`).join(','))
        if (!read.ok) return
        for (const name of retentionNames) {
          const { least, days }: Retention = retentions[name]
          expect(read.days[name]).toBeGreaterThanOrEqual(least ?? days)
        }
      }),
    )
  })
})
