/** What a delivery says of an outcome that a person recorded. */
import { expect, it } from 'vitest'
import { explainDelivery } from '../../../domain/delivery/explain.ts'

it.each([
  ['sent', 'the message was sent: seen in the log'],
  ['failed', 'the message was not sent: seen in the log'],
  // The provider may report it later than the person did.
  ['delivered', 'the message was sent: seen in the log'],
] as const)('a delivery settled by hand that is %s says so', (state, words) => {
  const settledByHand = { reason: 'seen in the log' }
  expect(explainDelivery({ state, reason: 'settled-by-hand', settledByHand })).toContain(words)
})
