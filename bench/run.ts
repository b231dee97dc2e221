/**
 * `npm run bench`: brings up a stack of its own, measures, prints a table and writes a JSON file. About eight minutes; `--quick`
 * for a look. docs/performance.md says what is measured and what came of it.
 */
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { checkout } from '../dev/home.ts'
import { putBrand } from './brand.ts'
import { measureChecks } from './checks.ts'
import { measureDecisions } from './decisions.ts'
import { measureJourneys } from './journeys.ts'
import { measureLoaded } from './loaded.ts'
import { type BenchOptions, readOptions, usage } from './options.ts'
import { measureRecovery } from './recovery.ts'
import { type Figures, reportOf, reportShape, table, warnings } from './report.ts'
import { type BenchStack, startStack } from './stack.ts'
import { statementsOf } from './statements.ts'

const began = performance.now()

function say(line: string): void {
  process.stdout.write(`${((performance.now() - began) / 1_000).toFixed(1).padStart(6)} s  ${line}\n`)
}

/** Measures one thing, and with `--profile` says which statements it made. */
async function counted<T>(
  stack: BenchStack,
  options: BenchOptions,
  name: string,
  per: number,
  measure: () => Promise<T>,
): Promise<T> {
  if (options.profile === null) return measure()
  const statements = await statementsOf(stack.databaseUrl)
  await statements.forget()
  try {
    return await measure()
  } finally {
    await statements.write(join(options.profile, `${name}.txt`), per)
    await statements.close()
  }
}

async function measureAll(options: BenchOptions): Promise<Figures> {
  const { amounts, only } = options
  const figures: Figures = { journeys: null, checks: null, decisions: null, loaded: null, recovery: null }
  if (only.includes('decisions')) {
    say('decisions')
    figures.decisions = await measureDecisions(amounts, say)
  }
  if (only.every((one) => one === 'decisions')) return figures
  const stack = await startStack({ say, profile: options.profile })
  const interrupted = () => {
    void stack.stop().finally(() => process.exit(130))
  }
  process.once('SIGINT', interrupted)
  process.once('SIGTERM', interrupted)
  try {
    await putBrand(stack.api)
    if (only.includes('checks')) {
      say('checks')
      figures.checks = await counted(stack, options, 'checks', 1, () => measureChecks(stack, amounts, say))
    }
    if (only.includes('journeys')) {
      say('journeys')
      const count = amounts.journeys.count * (amounts.rounds + 1)
      figures.journeys = await counted(stack, options, 'journeys', count, () =>
        measureJourneys(stack, amounts, say),
      )
    }
    if (only.includes('loaded')) {
      say(`${amounts.loaded.contacts} contacts`)
      figures.loaded = await measureLoaded(stack, amounts, say)
    }
    if (only.includes('recovery')) {
      say('recovery')
      figures.recovery = await measureRecovery(stack, amounts, say)
    }
    return figures
  } finally {
    say('done; stopping the stack')
    process.off('SIGINT', interrupted)
    process.off('SIGTERM', interrupted)
    await stack.stop()
  }
}

try {
  const options = readOptions(process.argv.slice(2))
  const report = reportShape.parse(reportOf(options, await measureAll(options)))
  const out = resolve(options.out ?? join(checkout, '.assent', 'bench.json'))
  mkdirSync(dirname(out), { recursive: true })
  writeFileSync(out, `${JSON.stringify(report, null, 2)}\n`)
  const warned = warnings(report).map((line) => `\n${line}`)
  process.stdout.write(`\n${table(report)}\n${warned.join('')}\nThe figures of each round: ${out}\n`)
  process.exit(0)
} catch (error) {
  process.stderr.write(
    `${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n${usage}\n`,
  )
  process.exit(1)
}
