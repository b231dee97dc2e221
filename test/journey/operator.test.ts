/** What an operator sees of a run in the Temporal UI: search attributes, a summary, and where it is now. */
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type Assent, startAssent } from '../harness/assent.ts'
import { publish, putBrand, putPerson, startRunOf } from '../harness/fixtures.ts'
import { until } from '../harness/until.ts'

let assent: Assent
beforeAll(async () => {
  assent = await startAssent()
  await putBrand(assent.api)
})
afterAll(() => assent.stop())

it('finds the run by journey, version and state, and reads where it is', async () => {
  const journey = await publish(assent.api, { steps: [{ id: 'pause', type: 'wait', for: '1 hour' }] })
  const person = await putPerson(assent.api)
  const id = await startRunOf(assent.api, journey, person)
  await assent.runWaits(id, 'pause')
  const handle = assent.client.workflow.getHandle(id)

  const description = await handle.describe()
  expect(await description.staticSummary()).toBe(`${journey} version 1`)
  const running = `AssentJourney = "${journey}" and AssentVersion = 1 and AssentState = "running"`
  await until('the run to be listed', async () => (await list(running)).includes(id))
  const metadata = await until('the current details', async () => {
    const answer = await handle.query<{ currentDetails?: string }>('__temporal_workflow_metadata')
    return answer.currentDetails?.includes('waiting') ? answer.currentDetails : null
  })
  expect(metadata).toContain('waiting at step `pause` until')

  await assent.api.call('POST', `/v1/runs/${id}/cancel`)
  await assent.workflowResult(id)
  await until('the end to be listed', async () =>
    (await list(`AssentJourney = "${journey}" and AssentState = "cancelled"`)).includes(id),
  )
})

async function list(query: string): Promise<string[]> {
  const ids: string[] = []
  for await (const { workflowId } of assent.client.workflow.list({ query })) ids.push(workflowId)
  return ids
}
