/**
 * One scenario for each path through the two workflows: lived on the real engine, recorded as a history, and replayed ever
 * after. A scenario starts something, brings it to its end, and says how it ended.
 */

import { expect } from 'vitest'
import { requestDoubleOptIn } from '../../transactions/doubleOptIns/requestDoubleOptIn.ts'
import { startRun } from '../../transactions/runs/startRun.ts'
import { type Assent, startAssent } from '../harness/assent.ts'
import { takenShape } from '../harness/client.ts'
import { optIn, optOut, type Person, publish, putBrand, putPerson, startRunOf } from '../harness/fixtures.ts'
import { linkIn, mailsArrived } from '../harness/mailbox.ts'
import { SmtpServer } from '../harness/smtp.ts'

export type Scenario = {
  name: string
  workflow: 'journey' | 'doubleOptIn'
  /** Whether it comes to a send. */
  sends: boolean
  /** What the workflow returns. */
  result: Record<string, string>
  /** @returns the workflow's id */
  live(assent: Assent): Promise<string>
}

const send = { id: 'one', type: 'send', message: 'first' }
const ordered = {
  id: 'ordered',
  type: 'waitFor',
  timeout: '3 days',
  events: [{ trigger: 'order.placed', steps: [{ id: 'two', type: 'send', message: 'second' }] }],
  onTimeout: [{ id: 'again', type: 'send', message: 'second' }],
}
const completed = { state: 'completed', reason: 'end-of-steps' }
const grants = [{ purpose: 'marketing', topic: 'newsletter' }]

/** Of a run or a request. */
async function workflowId(assent: Assent, id: string): Promise<string> {
  return (await assent.workflow(id)).workflowId
}

async function person(assent: Assent, permitted = true): Promise<Person> {
  const made = await putPerson(assent.api)
  if (permitted) await optIn(assent.api, made.email, 'marketing', 'newsletter')
  return made
}

async function order(assent: Assent, who: Person): Promise<void> {
  await assent.api.ok(
    'POST',
    '/v1/triggers/order.placed',
    { contact: { externalId: who.externalId } },
    takenShape,
  )
}

/** @returns the workflow's id */
async function skipping(
  assent: Assent,
  definition: Record<string, unknown>,
  permitted = true,
): Promise<string> {
  const journey = await publish(assent.api, definition)
  const who = await person(assent, permitted)
  const { id } = await startRun(assent.deps, { journey, contactId: who.id, payload: {}, clock: 'skipping' })
  assent.dispatcher.nudge()
  return workflowId(assent, id)
}

async function started(assent: Assent, definition: Record<string, unknown>, permitted = true) {
  const who = await person(assent, permitted)
  const id = await startRunOf(assent.api, await publish(assent.api, definition), who)
  return { who, id }
}

async function ask(
  assent: Assent,
  clock: 'real' | 'skipping' = 'real',
): Promise<{ who: Person; id: string }> {
  const who = await putPerson(assent.api)
  const contactPoint = { channel: 'email', address: who.email }
  const { id } = await requestDoubleOptIn(
    assent.deps,
    { contactPoint, profile: 'default', grants },
    { caller: 'test', clock },
  )
  assent.dispatcher.nudge()
  return { who, id }
}

export const scenarios: readonly Scenario[] = [
  {
    name: 'journey-two-mails-and-a-trigger',
    sends: true,
    workflow: 'journey',
    result: completed,
    live: async (assent) => {
      const { who, id } = await started(assent, { steps: [send, ordered] })
      await assent.runWaits(id, 'ordered')
      await order(assent, who)
      return workflowId(assent, id)
    },
  },
  {
    name: 'journey-timed-out-and-sent-again',
    sends: true,
    workflow: 'journey',
    result: completed,
    live: (assent) => skipping(assent, { steps: [send, ordered] }),
  },
  {
    name: 'journey-event-before-the-wait',
    sends: false,
    workflow: 'journey',
    result: completed,
    live: async (assent) => {
      // The wait counts from the entry, and the event is there before the run has begun.
      await assent.stopWorker()
      const since = { ...ordered, events: [{ trigger: 'order.placed', since: 'entry', steps: [] }] }
      const { who, id } = await started(assent, { steps: [since] })
      await order(assent, who)
      await assent.startWorker()
      return workflowId(assent, id)
    },
  },
  {
    name: 'journey-untracked-silence',
    sends: true,
    workflow: 'journey',
    result: completed,
    live: (assent) => {
      const opened = {
        ...ordered,
        events: [{ opened: 'one', steps: [] }],
        onUntracked: [{ ...send, id: 'note' }],
      }
      return skipping(assent, { steps: [send, opened] }, false)
    },
  },
  {
    name: 'journey-blocked-and-going-on',
    sends: true,
    workflow: 'journey',
    result: completed,
    live: async (assent) =>
      workflowId(
        assent,
        (await started(assent, { steps: [send, { ...send, id: 'two', message: 'receipt' }] }, false)).id,
      ),
  },
  {
    name: 'journey-blocked-and-exited',
    sends: true,
    workflow: 'journey',
    result: { state: 'exited', reason: 'blocked' },
    live: async (assent) =>
      workflowId(
        assent,
        (await started(assent, { steps: [{ ...send, onBlocked: 'exit' }, ordered] }, false)).id,
      ),
  },
  {
    name: 'journey-sleeps-and-branches',
    sends: false,
    workflow: 'journey',
    result: { state: 'exited', reason: 'exit-step' },
    live: (assent) =>
      skipping(assent, {
        steps: [
          { id: 'hour', type: 'wait', for: '1 hour' },
          { id: 'morning', type: 'wait', until: { time: '09:00', zone: 'Europe/Vienna' } },
          {
            id: 'which',
            type: 'branch',
            cases: [{ when: 'contact.kind == "lead"', steps: [send] }],
            otherwise: [{ id: 'enough', type: 'exit' }],
          },
        ],
      }),
  },
  {
    name: 'journey-branch-case',
    sends: true,
    workflow: 'journey',
    result: completed,
    live: async (assent) => {
      const cases = [{ when: 'contact.kind == "contact"', steps: [send] }]
      return workflowId(
        assent,
        (await started(assent, { steps: [{ id: 'which', type: 'branch', cases }] })).id,
      )
    },
  },
  {
    name: 'journey-exit-trigger-while-waiting',
    sends: false,
    workflow: 'journey',
    result: { state: 'exited', reason: 'trigger:order.placed' },
    live: async (assent) => {
      const pause = { id: 'pause', type: 'wait', for: '1 day' }
      const { who, id } = await started(assent, { exit: [{ trigger: 'order.placed' }], steps: [pause, send] })
      await assent.runWaits(id, 'pause')
      await order(assent, who)
      return workflowId(assent, id)
    },
  },
  {
    name: 'journey-cancelled-before-it-began',
    sends: false,
    workflow: 'journey',
    result: { state: 'cancelled', reason: 'cancelled' },
    live: async (assent) => {
      await assent.stopWorker()
      const { id } = await started(assent, { steps: [send] })
      await assent.api.call('POST', `/v1/runs/${id}/cancel`)
      await assent.startWorker()
      return workflowId(assent, id)
    },
  },
  {
    name: 'journey-hand-over-given-up',
    sends: true,
    workflow: 'journey',
    result: completed,
    live: async () => {
      const assent = await startAssent({ smtp: 'smtp://127.0.0.1:9' })
      try {
        await putBrand(assent.api)
        const { id } = await started(assent, { steps: [{ ...send, expires: '2 seconds' }] })
        const run = await assent.runEnded(id)
        expect(run.path[0]).toMatchObject({ outcome: 'expired' })
        await assent.workflowResult(id)
        return await workflowId(assent, id)
      } finally {
        await assent.stop()
      }
    },
  },
  {
    name: 'journey-held-and-sent',
    sends: true,
    workflow: 'journey',
    result: completed,
    live: async () => {
      const smtp = await SmtpServer.start()
      const assent = await startAssent({ smtp: smtp.url })
      try {
        await putBrand(assent.api)
        const who = await person(assent)
        smtp.plan(who.email, { at: 'recipient', reply: '451 4.7.1 later' })
        const id = await startRunOf(assent.api, await publish(assent.api, { steps: [send] }), who)
        await assent.workflowResult(id)
        return await workflowId(assent, id)
      } finally {
        await assent.stop()
        await smtp.stop()
      }
    },
  },
  {
    name: 'double-opt-in-confirmed',
    sends: true,
    workflow: 'doubleOptIn',
    result: { state: 'confirmed', reason: 'confirmed' },
    live: async (assent) => {
      const { who, id } = await ask(assent)
      const [mail] = await mailsArrived(who.email, 1)
      if (mail === undefined) throw new Error('no mail')
      await fetch(linkIn(mail, '/confirm/'), { method: 'POST' })
      return workflowId(assent, id)
    },
  },
  {
    name: 'double-opt-in-reminded-and-expired',
    sends: true,
    workflow: 'doubleOptIn',
    result: { state: 'expired', reason: 'expired' },
    live: async (assent) => workflowId(assent, (await ask(assent, 'skipping')).id),
  },
  {
    name: 'double-opt-in-asked-again-and-withdrawn',
    sends: true,
    workflow: 'doubleOptIn',
    result: { state: 'withdrawn', reason: 'withdrawn' },
    live: async (assent) => {
      const { who, id } = await ask(assent)
      await mailsArrived(who.email, 1)
      const contactPoint = { channel: 'email', address: who.email }
      await assent.api.call('POST', '/v1/double-opt-ins', { contactPoint, grants })
      await mailsArrived(who.email, 2)
      await optOut(assent.api, who.email, 'marketing')
      return workflowId(assent, id)
    },
  },
]
