/**
 * Runs whose paths and positions are kept as test data (`test/domain/journey/paths/`): here they are lived on a real
 * database. With `RECORD_PATHS=1` each is written down, named by the version of the code that made it; what is recorded once is never
 * replaced. `test/domain/journey/paths.test.ts` feeds them to today's machine.
 */
import { existsSync, writeFileSync } from 'node:fs'
import { asc, eq } from 'drizzle-orm'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { deliveries } from '../../../db/schema/deliveries.ts'
import { runPath, runs } from '../../../db/schema/journeys.ts'
import type { JourneyDefinition } from '../../../domain/journey/definition.ts'
import type { Next } from '../../../domain/journey/next.ts'
import packageJson from '../../../package.json' with { type: 'json' }
import { decideDelivery } from '../../../transactions/deliveries/decideDelivery.ts'
import { giveUpDelivery } from '../../../transactions/deliveries/giveUpDelivery.ts'
import { markHandedOver, settleDelivery } from '../../../transactions/deliveries/settleDelivery.ts'
import { advance } from '../../../transactions/runs/advance.ts'
import { replayPath } from '../../domain/journey/replayPath.ts'
import { type Assent, startAssent } from '../../harness/assent.ts'
import { anything, takenShape } from '../../harness/client.ts'
import { optIn, optOut, type Person, putBrand, putPerson, startRunOf } from '../../harness/fixtures.ts'
import { claimSend, handOverAndDie } from '../../harness/sends.ts'

let assent: Assent
beforeAll(async () => {
  assent = await startAssent({ worker: false })
  await putBrand(assent.api)
})
afterAll(() => assent.stop())

type Steps = JourneyDefinition['steps']
/** What happens at each step at which the run stops: how its message ends, a trigger, or time. */
type Happening = 'sent' | 'failed' | 'unknown' | 'expired' | 'blocked' | 'held' | 'trigger' | 'time'
type Story = {
  name: string
  steps: Steps
  happens: readonly Happening[]
  end: { state: string; reason: string } | null
}

const send = (id: string, more: object = {}): Steps[number] => ({
  id,
  type: 'send',
  message: 'first',
  ...more,
})
const pause: Steps[number] = { id: 'pause', type: 'wait', for: '1 day' }
const moment = (id: string, onUnknown: 'exit' | 'continue'): Steps[number] => ({
  id,
  type: 'wait',
  until: 'contact.attributes.trialEnds',
  onUnknown,
})
const ordered: Steps[number] = {
  id: 'ordered',
  type: 'waitFor',
  timeout: '3 days',
  events: [{ trigger: 'order.placed', steps: [{ id: 'thanks', type: 'send', message: 'receipt' }] }],
  onTimeout: [send('again')],
}
const opened: Steps[number] = {
  id: 'opened',
  type: 'waitFor',
  timeout: '3 days',
  events: [{ opened: 'one', steps: [] }],
  onUntracked: [{ id: 'mark', type: 'set', attributes: { stage: 'silent' } }],
}
const which: Steps[number] = {
  id: 'which',
  type: 'branch',
  cases: [
    { when: 'trigger.missing > 1', steps: [{ id: 'never', type: 'exit' }] },
    { when: 'contact.kind == "contact"', steps: [send('one')] },
  ],
  otherwise: [{ id: 'nobody', type: 'exit' }],
}
const completed = { state: 'completed', reason: 'end-of-steps' }

const stories: readonly Story[] = [
  {
    name: 'sent-matched-sent',
    steps: [send('one'), ordered],
    happens: ['sent', 'trigger', 'sent'],
    end: completed,
  },
  {
    name: 'failed-timed-out-unknown',
    steps: [send('one'), ordered],
    happens: ['failed', 'time', 'unknown'],
    end: completed,
  },
  {
    name: 'expired-and-exit-step',
    steps: [send('one', { expires: '1 hour' }), { id: 'over', type: 'exit', reason: 'enough' }],
    happens: ['expired'],
    end: { state: 'exited', reason: 'exit-step' },
  },
  {
    name: 'blocked-untracked-set',
    steps: [send('one'), opened, pause],
    happens: ['blocked', 'time', 'time'],
    end: completed,
  },
  {
    name: 'blocked-and-exited',
    steps: [send('one', { onBlocked: 'exit' }), pause],
    happens: ['blocked'],
    end: { state: 'exited', reason: 'blocked' },
  },
  { name: 'case-and-open-wait', steps: [which, pause], happens: ['sent'], end: null },
  {
    name: 'otherwise-and-exit-step',
    steps: [
      {
        id: 'which',
        type: 'branch',
        cases: [{ when: 'false', steps: [] }],
        otherwise: [{ id: 'nobody', type: 'exit' }],
      },
    ],
    happens: [],
    end: { state: 'exited', reason: 'exit-step' },
  },
  {
    name: 'no-moment-exit',
    steps: [moment('due', 'exit'), send('one')],
    happens: [],
    end: { state: 'exited', reason: 'no-moment' },
  },
  {
    name: 'no-moment-continue-held',
    steps: [moment('due', 'continue'), send('one')],
    happens: ['held'],
    end: null,
  },
  { name: 'sending', steps: [which], happens: [], end: null },
]

const now = () => new Date().toISOString()

async function happens(run: string, person: Person, next: Next, what: Happening): Promise<string> {
  if (what === 'trigger') {
    const order = { contact: { externalId: person.externalId } }
    await assent.api.ok('POST', '/v1/triggers/order.placed', order, takenShape)
    return now()
  }
  if (next.do === 'wait') return next.until ?? now()
  if (next.do !== 'send') throw new Error(`the run is at no send: ${next.do}`)
  const ref = { kind: 'run', run, delivery: next.delivery } as const
  switch (what) {
    case 'blocked':
      await optOut(assent.api, person.email, 'marketing')
      await decideDelivery(assent.deps, ref)
      return now()
    case 'expired':
      await giveUpDelivery(assent.deps, ref, 'expired')
      return now()
    case 'unknown':
      await handOverAndDie(assent, ref)
      await claimSend(assent, ref)
      return now()
    default: {
      const claim = await claimSend(assent, ref)
      if (claim.kind !== 'claimed') throw new Error(claim.kind)
      if (what !== 'held' && !(await markHandedOver(assent.deps, claim.delivery, claim.attempt)))
        throw new Error('not handed over')
      const answer = { code: 250, enhanced: null, text: 'an answer' }
      const outcome =
        what === 'sent'
          ? ({ kind: 'accepted', answer } as const)
          : ({ kind: 'refused', permanent: what === 'failed', answer, stage: 'body' } as const)
      await settleDelivery(assent.deps, claim, outcome, now())
      return now()
    }
  }
}

async function pathOf(run: string) {
  const { step, visit, outcome, way } = runPath
  return assent.deps.db
    .select({ step, visit, outcome, way, delivery: deliveries.state })
    .from(runPath)
    .leftJoin(deliveries, eq(deliveries.id, runPath.delivery))
    .where(eq(runPath.runId, run))
    .orderBy(asc(runPath.visit))
}

/** Writes a file once. */
function record(name: string, content: unknown): void {
  if (process.env.RECORD_PATHS !== '1') return
  const file = new URL(`../../domain/journey/paths/${name}.v${packageJson.version}.json`, import.meta.url)
  if (!existsSync(file)) writeFileSync(file, `${JSON.stringify(content, null, 2)}\n`)
}

it.each(stories)('$name', async ({ name, steps, happens: happenings, end }) => {
  const key = `story-${name}`
  const definition: JourneyDefinition = { key, name, steps }
  await assent.api.put(`/v1/journeys/${key}`, { name, steps })
  await assent.api.ok('POST', `/v1/journeys/${key}/publish`, undefined, anything)
  const person = await putPerson(assent.api)
  await optIn(assent.api, person.email, 'marketing', 'newsletter')
  const run = await startRunOf(assent.api, key, person)
  const positions: unknown[] = []
  let next = await advance(assent.deps, { run, now: now() })
  for (const what of happenings) {
    positions.push((await assent.deps.db.select().from(runs).where(eq(runs.id, run)))[0]?.position)
    const at = await happens(run, person, next, what)
    next = await advance(assent.deps, { run, now: at })
  }
  const path = await pathOf(run)
  const replayed = replayPath(definition, path)
  expect(replayed.end).toEqual(end)
  expect(next.do === 'end' ? { state: next.state, reason: next.reason } : null).toEqual(end)
  expect(replayed.taken).toEqual(path.map(({ step, visit }) => ({ step, visit })))
  record(name, { definition, path, end, positions })
})
