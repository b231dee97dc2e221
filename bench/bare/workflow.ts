/** The same journey as a hand-written workflow: a send, a wait for one signal, a send. */
import { condition, defineSignal, proxyActivities, setHandler } from '@temporalio/workflow'
import type { BareActivities } from './activities.ts'

export const go = defineSignal('go')

const { send } = proxyActivities<BareActivities>({ startToCloseTimeout: '2 minutes' })

export async function bare(to: string): Promise<void> {
  let gone = false
  setHandler(go, () => {
    gone = true
  })
  await send(to, 'First')
  await condition(() => gone)
  await send(to, 'Second')
}
