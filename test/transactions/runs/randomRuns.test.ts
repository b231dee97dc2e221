/** Random journeys on a real database: asked again, a run answers the same, and its stored path leads today's machine the same way. */
import { asc, eq } from 'drizzle-orm'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { prepareDelivery } from '../../../activities/prepare.ts'
import { deliveries } from '../../../db/schema/deliveries.ts'
import { runPath, runs } from '../../../db/schema/journeys.ts'
import { everyStep, type JourneyDefinition } from '../../../domain/journey/definition.ts'
import type { Next } from '../../../domain/journey/next.ts'
import { claimDelivery } from '../../../transactions/deliveries/claimDelivery.ts'
import { decideDelivery } from '../../../transactions/deliveries/decideDelivery.ts'
import { giveUpDelivery } from '../../../transactions/deliveries/giveUpDelivery.ts'
import { type DeliveryRef, readDraft } from '../../../transactions/deliveries/origin.ts'
import { markHandedOver, settleDelivery } from '../../../transactions/deliveries/settleDelivery.ts'
import { advance } from '../../../transactions/runs/advance.ts'
import { anyJourney } from '../../domain/journey/journeys.ts'
import { type PathRow, replayPath } from '../../domain/journey/replayPath.ts'
import { type Assent, startAssent } from '../../harness/assent.ts'
import { anything } from '../../harness/client.ts'
import { optIn, type Person, putBrand, putPerson, startRunOf } from '../../harness/fixtures.ts'

let assent: Assent
beforeAll(async () => {
  assent = await startAssent({ worker: false })
  await putBrand(assent.api)
})
afterAll(() => assent.stop())

/** Such a journey with messages that exist, and cases of which some hold. */
function playable(definition: JourneyDefinition, key: string): JourneyDefinition {
  const copy = { ...structuredClone(definition), key }
  for (const step of everyStep(copy.steps)) {
    if (step.type === 'send') step.message = step.message === 'welcome' ? 'first' : 'receipt'
    if (step.type === 'branch')
      for (const [i, one] of step.cases.entries()) one.when = i % 2 === 0 ? 'trigger.n > 1' : 'true'
  }
  for (const step of everyStep(copy.steps)) {
    // The rest of what the checker refuses is rare.
    if (
      step.type === 'waitFor' &&
      step.events.some(({ opened, clicked }) => (opened ?? clicked) === undefined)
    )
      delete step.onUntracked
  }
  return copy
}

const answer = { code: 250, text: 'queued' }
const now = () => new Date().toISOString()

/** What a workflow would do about a send, or a part of it. */
async function send(ref: DeliveryRef, choice: number): Promise<void> {
  const { deps } = assent
  const { decision } = await decideDelivery(deps, ref)
  if (decision.verdict === 'block') return
  if (choice % 4 === 0) {
    await giveUpDelivery(deps, ref, 'expired')
    return
  }
  const { assessment, content } = await readDraft(deps, deps.db, ref)
  const { rendering } = await prepareDelivery(assent.means, assessment, content)
  const claim = await claimDelivery(deps, rendering, now())
  if (claim.kind !== 'claimed') throw new Error(claim.kind)
  if (choice % 4 === 1) return
  await markHandedOver(deps, claim.delivery, claim.attempt)
  const refused = {
    kind: 'refused',
    permanent: true,
    answer: { ...answer, code: 554 },
  } as const
  await settleDelivery(deps, claim, choice % 4 === 2 ? refused : { kind: 'accepted', answer }, now())
}

async function pathOf(run: string): Promise<PathRow[]> {
  const { step, visit, outcome, way } = runPath
  return assent.deps.db
    .select({ step, visit, outcome, way, delivery: deliveries.state })
    .from(runPath)
    .leftJoin(deliveries, eq(deliveries.id, runPath.delivery))
    .where(eq(runPath.runId, run))
    .orderBy(asc(runPath.visit))
}

/** Drives a run to its end, or for as many turns as there are choices. @returns the last answer */
async function drive(run: string, person: Person, choices: readonly number[]): Promise<Next> {
  let at = now()
  let next = await advance(assent.deps, { run, now: at })
  for (const choice of choices) {
    const [before] = await assent.deps.db.select().from(runs).where(eq(runs.id, run))
    expect(await advance(assent.deps, { run, now: at })).toEqual(next)
    const [after] = await assent.deps.db.select().from(runs).where(eq(runs.id, run))
    expect(after).toEqual(before)
    if (next.do === 'end') return next
    if (next.do === 'send') await send({ kind: 'run', run, delivery: next.delivery }, choice)
    if (next.do === 'wait') {
      if (next.why === 'event' && choice % 2 === 0) {
        const order = { contact: { externalId: person.externalId } }
        await assent.api.ok('POST', '/v1/triggers/order.placed', order, anything)
      } else at = next.until ?? at
    }
    next = await advance(assent.deps, { run, now: at })
  }
  return next
}

it('asked again without a change it answers the same, and the path it leaves is the machine’s own', {
  timeout: 120_000,
}, async () => {
  let count = 0
  let played = 0
  let ended = 0
  const choices = fc.array(fc.nat(11), { minLength: 40, maxLength: 40 })
  await fc.assert(
    fc.asyncProperty(anyJourney, choices, fc.boolean(), async (any, chosen, consents) => {
      const definition = playable(any, `random-${count++}`)
      const { key, ...body } = definition
      // What the checker refuses never runs.
      const put = await assent.api.call('PUT', `/v1/journeys/${key}`, body)
      if (put.status >= 300) return
      const published = await assent.api.call('POST', `/v1/journeys/${key}/publish`)
      if (published.status >= 300) return
      const person = await putPerson(assent.api)
      if (consents) await optIn(assent.api, person.email, 'marketing', 'newsletter')
      const payload = { n: chosen[0] ?? 0, at: new Date(Date.now() + 3_600_000).toISOString() }
      const run = await startRunOf(assent.api, key, person, payload)
      played++
      const last = await drive(run, person, chosen)
      const path = await pathOf(run)
      const { taken, end } = replayPath(definition, path)
      expect(taken).toEqual(path.map(({ step, visit }) => ({ step, visit })))
      expect(end).toEqual(last.do === 'end' ? { state: last.state, reason: last.reason } : null)
      if (last.do === 'end') ended++
    }),
    { numRuns: 100 },
  )
  expect(played).toBeGreaterThan(5)
  expect(ended).toBeGreaterThan(2)
})
