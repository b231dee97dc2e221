/**
 * Every scenario lives on the real engine and ends as it says. With `RECORD_HISTORIES=1` (npm run histories:record) its history
 * is written down, named by scenario and by the version of the code that made it; a history once recorded is never replaced.
 */
import { existsSync, writeFileSync } from 'node:fs'
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js'
import { afterAll, beforeAll, expect, it } from 'vitest'
import packageJson from '../../package.json' with { type: 'json' }
import { type Assent, startAssent } from '../harness/assent.ts'
import { putBrand } from '../harness/fixtures.ts'
import { until } from '../harness/until.ts'
import { scenarios } from './scenarios.ts'
import { withoutPlaces } from './withoutPlaces.ts'

let assent: Assent
beforeAll(async () => {
  assent = await startAssent()
  await putBrand(assent.api)
})
afterAll(() => assent.stop())

it.each(scenarios)('$name', async ({ name, result, live }) => {
  const workflow = assent.client.workflow.getHandle(await live(assent))
  await until(`workflow ${workflow.workflowId}`, () => workflow.describe())
  expect(await workflow.result()).toEqual(result)
  if (process.env.RECORD_HISTORIES !== '1') return
  const history = await workflow.fetchHistory()
  const file = new URL(`../histories/${name}.v${packageJson.version}.json`, import.meta.url)
  if (existsSync(file)) return
  writeFileSync(file, `${JSON.stringify(withoutPlaces(JSON.parse(historyToJSON(history))), null, 1)}\n`)
})
