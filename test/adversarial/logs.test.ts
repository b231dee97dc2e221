/** The log names no person: errors of the database quote the values of their statements, and must not be written as they are. */
import { sql } from 'drizzle-orm'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { contactPoints } from '../../db/schema/contacts.ts'
import { openLog } from '../../log.ts'
import { type Assent, startAssent } from '../harness/assent.ts'

let assent: Assent
beforeAll(async () => {
  assent = await startAssent({ worker: false })
})
afterAll(() => assent.stop())

function capture(error: unknown): string {
  const lines: string[] = []
  openLog('test', 'info', { write: (line: string) => void lines.push(line) }).error(
    { err: error },
    'it failed',
  )
  return lines.join('')
}

const failing = [
  [
    'a statement that breaks a constraint',
    () =>
      assent.house.db.transaction((tx) =>
        tx.insert(contactPoints).values([
          { id: '01990000-0000-7000-8000-000000000001', channel: 'email', address: 'person@example.com' },
          { id: '01990000-0000-7000-8000-000000000002', channel: 'email', address: 'person@example.com' },
        ]),
      ),
  ],
  ['a value of the wrong type', () => assent.house.db.execute(sql`select ${'person@example.com'}::uuid`)],
] as const

it.each(failing)('%s leaves its kind, its code and its place, and no value', async (_, act) => {
  const error = await Promise.resolve(act()).then(
    () => null,
    (caught: unknown) => caught,
  )
  expect(error).toBeInstanceOf(Error)
  const line = capture(error)
  expect(line).not.toContain('person@')
  expect(line).toMatch(/"code":"2/)
  expect(line).toContain('logs.test.ts')
  expect(line).toContain('it failed')
})

it('an address in the words of any error is masked, and what else hangs on it is left out', () => {
  const error = Object.assign(new Error('no mailbox <person@example.com> here, call +43 660 1234567'), {
    input: 'https://example.com/?name=Somebody',
    response: '550 person@example.com',
    code: 'EENVELOPE',
  })
  const line = capture(new Error('outside', { cause: error }))
  expect(line).not.toMatch(/person@|Somebody|1234567/)
  expect(line).toContain('no mailbox')
  expect(line).toContain('EENVELOPE')
})
