/** Where no collector is named, tracing costs nothing: the code is not even loaded. */
import { spawnSync } from 'node:child_process'
import { expect, it } from 'vitest'
import { checkout } from '../../dev/home.ts'

/** The packages that are loaded once the API and the worker's parts are, and traces were started with this endpoint. */
function loadedWith(endpoint: string | undefined): string[] {
  const code = `
    import { createRequire } from 'node:module'
    await import('./api/app.ts')
    await import('./activities/activities.ts')
    const { startTraces } = await import('./telemetry/traces.ts')
    const { engineTraces } = await import('./engine/traces.ts')
    const endpoint = ${JSON.stringify(endpoint ?? null)} ?? undefined
    await startTraces(endpoint, 'assent-api', { warn() {} })
    await engineTraces(endpoint !== undefined)
    console.log(JSON.stringify(Object.keys(createRequire(import.meta.url).cache)))
    process.exit(0)`
  const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', code], {
    cwd: checkout,
    encoding: 'utf8',
  })
  if (stdout === '') throw new Error(stderr)
  const files: string[] = JSON.parse(stdout.trim().split('\n').at(-1) ?? '[]')
  const packages = files.flatMap(
    (file) => /node_modules\/(@opentelemetry\/[^/]+|@temporalio\/interceptors-[^/]+)\//.exec(file)?.[1] ?? [],
  )
  return [...new Set(packages)].sort()
}

it('nothing of OpenTelemetry but its interface, which the metrics library brings', () => {
  expect(loadedWith(undefined)).toEqual(['@opentelemetry/api'])
})

it('and with a collector, the SDK, the exporter and Temporal’s interceptors', () => {
  expect(loadedWith('http://127.0.0.1:4318')).toEqual(
    expect.arrayContaining([
      '@opentelemetry/exporter-trace-otlp-proto',
      '@opentelemetry/sdk-trace-base',
      '@temporalio/interceptors-opentelemetry',
    ]),
  )
})
