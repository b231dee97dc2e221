/**
 * One request for double opt-in: mails the confirmation, reminds once, and waits for the person or for the end of its time.
 * Confirmation and expiry race in the database; this workflow only asks how it came out.
 */
import { defineSearchAttributeKey } from '@temporalio/common'
import { condition, setCurrentDetails, setHandler, upsertSearchAttributes } from '@temporalio/workflow'
import { sameSending } from '../domain/journey/signals.ts'
import { ask, deliver, heard } from './ask.ts'
import { now, untilThen } from './clock.ts'
import { held, nudge } from './signals.ts'

const stateAttribute = defineSearchAttributeKey('AssentState', 'KEYWORD')

/** @returns how the request ended */
export async function doubleOptIn(input: { request: string }): Promise<{ state: string }> {
  const { request } = input
  let nudged = false
  let mailed = 0
  setHandler(nudge, () => {
    nudged = true
  })
  setHandler(held, ({ sending, reason }) => {
    if (sameSending(sending, { mail: mailed })) setCurrentDetails(`mail ${mailed} is held: ${reason}`)
  })
  for (;;) {
    // As in a journey's wait: taken down before the question, so that no nudge newer than the answer is lost.
    nudged = false
    const standing = await ask('state of the request').settleDoubleOptIn({ request, now: now() })
    if (standing.state !== 'pending') {
      setCurrentDetails(standing.state)
      upsertSearchAttributes([{ key: stateAttribute, value: standing.state }])
      return { state: standing.state }
    }
    while (mailed < standing.mails) {
      mailed += 1
      await send(request, mailed)
    }
    setCurrentDetails(`waiting for the confirmation until ${standing.until}; ${mailed} mailed`)
    const summary = `wait for the confirmation, until ${standing.until}`
    await condition(() => nudged, untilThen(standing.until), { summary })
  }
}

async function send(request: string, mail: number): Promise<void> {
  setCurrentDetails(`sending mail ${mail}`)
  const what = `mail ${mail}`
  const ref = { kind: 'double-opt-in' as const, request, mail }
  const asked = await ask(`consent for ${what}`).decideConsent({ ref, now: now() })
  const { decision, ended } = heard(asked).answer
  if (ended === null && decision.verdict === 'allow') {
    await deliver(ref, what, { expiresMs: null, from: null })
  }
}
