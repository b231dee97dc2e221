/** Every example of the API reference, as its reader would run it: in a shell with curl, and in Node. */
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { curlOf, typescriptOf } from '../../api/exampleCode.ts'
import { type Example, examples } from '../../api/examples.ts'
import type { Route } from '../../api/routing.ts'
import { allRoutes } from '../../api/v1/routes.ts'
import { loadExamples } from '../../examples/load.ts'
import { type Assent, startAssent } from '../harness/assent.ts'
import { testKeys } from '../harness/keys.ts'
import { until } from '../harness/until.ts'

const run = promisify(execFile)

test('every operation has one example', () => {
  expect(examples.map(({ operation }) => operation).sort()).toEqual(
    allRoutes.map(({ operationId }) => operationId).sort(),
  )
})

const languages: Record<string, (code: string, env: NodeJS.ProcessEnv) => Promise<{ stdout: string }>> = {
  curl: (code, env) => run('sh', ['-c', `${code} -w '\\n%{http_code}'`], { env }),
  typescript: (code, env) => run(process.execPath, ['--input-type=module-typescript', '-e', code], { env }),
}

describe.each(Object.keys(languages))('in %s', (language) => {
  let assent: Assent
  const values: Record<string, string> = {}

  beforeAll(async () => {
    assent = await startAssent()
    await loadExamples({ api: assent.url, apiKey: testKeys.ASSENT_API_KEY })
  })
  afterAll(() => assent?.stop())

  test.each(examples)('$operation works', async (example) => {
    const places = Object.values(example.keeps ?? {})
    const missing = (answer: string) => places.some((place) => at(answer, place) === undefined)
    const first = await answerTo(example)
    // The worker may not have sent anything yet.
    const text = missing(first)
      ? await until(example.operation, async () => {
          const answer = await answerTo(example)
          return missing(answer) ? null : answer
        })
      : first
    for (const [name, place] of Object.entries(example.keeps ?? {})) values[name] = String(at(text, place))
  })

  /** The body of a successful answer. */
  async function answerTo(example: Example): Promise<string> {
    const route = routeOf(example)
    const code = language === 'curl' ? curlOf(route, example) : typescriptOf(route, example)
    const env = { ...process.env, ...values, API: assent.url, KEY: testKeys.ASSENT_API_KEY }
    const { stdout } = (await languages[language]?.(code, env)) ?? { stdout: '' }
    const status = language === 'curl' ? stdout.split('\n').at(-1) : stdout.slice(0, 3)
    expect(status, stdout).toMatch(example.answers === undefined ? /^2\d\d$/ : `${example.answers}`)
    return language === 'curl' ? stdout.slice(0, stdout.lastIndexOf('\n')) : stdout.slice(4)
  }
})

function routeOf({ operation }: Example): Route {
  const found = allRoutes.find(({ operationId }) => operationId === operation)
  if (found === undefined) throw new Error(`there is no operation ${operation}`)
  return found
}

/** What stands at a place such as `items.0.id` of a JSON text. */
function at(text: string, place: string): unknown {
  return place
    .split('.')
    .reduce<unknown>(
      (value, key) =>
        typeof value === 'object' && value !== null
          ? Object.getOwnPropertyDescriptor(value, key)?.value
          : undefined,
      JSON.parse(text),
    )
}
