/** The figures of a run: their shape as JSON, and a table for people with what is to be reached. */
import { cpus, totalmem } from 'node:os'
import { z } from 'zod'
import type { ChecksFigures } from './checks.ts'
import type { JourneysFigures } from './journeys.ts'
import { type LoadedFigures, mostLoaded } from './loaded.ts'
import type { BenchOptions } from './options.ts'
import type { RecoveryFigures } from './recovery.ts'
import { type Reached, shown } from './rounds.ts'

const reached = z.object({ median: z.number().positive(), rounds: z.array(z.number().positive()).min(1) })
const compared = z.object({ ours: reached, theirs: reached, ratio: z.number().positive() })
const latency = z.object({ median: z.number(), slow: z.number(), count: z.int() })
const cost = z.object({
  events: z.int().positive(),
  actions: z.int().positive(),
  byType: z.record(z.string(), z.int().positive()),
})

/** What `--out` writes. All figures are a second. */
export const reportShape = z.object({
  date: z.iso.datetime(),
  mode: z.enum(['full', 'quick', 'smoke']),
  machine: z.object({
    cpu: z.string(),
    cores: z.int(),
    memoryGiB: z.number(),
    node: z.string(),
    system: z.string(),
  }),
  journeys: compared
    .extend({ cost: z.object({ ours: cost, theirs: cost }), waited: z.number().min(0).max(1) })
    .nullable(),
  checks: z.object({ get: compared, post: compared }).nullable(),
  decisions: reached.nullable(),
  /** `ours` is the empty database, `theirs` the loaded one; the ratio is how many times as much it costs there. */
  loaded: z
    .object({
      contacts: z.int().positive(),
      trigger: compared,
      check: compared,
      delivery: compared,
      storage: z.object({ bytes: z.number().positive(), hot: z.number().min(0).max(1).nullable() }),
    })
    .nullable(),
  /** Milliseconds from a start's request until its first mail: before, and while runs are recovered. */
  recovery: z
    .object({ runs: z.int().positive(), seconds: z.number().nonnegative(), before: latency, during: latency })
    .nullable(),
})
export type Report = z.infer<typeof reportShape>

export type Figures = {
  journeys: JourneysFigures | null
  checks: ChecksFigures | null
  decisions: Reached | null
  loaded: LoadedFigures | null
  recovery: RecoveryFigures | null
}

export function reportOf(options: BenchOptions, figures: Figures): Report {
  const [cpu] = cpus()
  return {
    date: new Date().toISOString(),
    mode: options.mode,
    machine: {
      cpu: cpu?.model ?? 'unknown',
      cores: cpus().length,
      memoryGiB: Math.round(totalmem() / 2 ** 30),
      node: process.version,
      system: `${process.platform} ${process.arch}`,
    },
    ...figures,
  }
}

type Line = { what: string; ours: string; theirs: string; figure: string; wanted: string }

export function table(report: Report): string {
  const { journeys, checks, decisions, loaded, recovery } = report
  const lines: Line[] = []
  const ratio = (what: string, figures: z.infer<typeof compared>, wanted: number) => {
    lines.push({
      what,
      ours: shown(figures.ours.median),
      theirs: shown(figures.theirs.median),
      figure: figures.ratio.toFixed(2),
      wanted: `≥ ${wanted.toFixed(1)}`,
    })
  }
  if (journeys !== null) {
    ratio('journeys a second, against a bare workflow', journeys, 0.6)
    const { ours, theirs } = journeys.cost
    const count = (what: string, one: number, other: number, wanted: string) =>
      lines.push({ what, ours: String(one), theirs: String(other), figure: String(one), wanted })
    const share = `${Math.round(journeys.waited * 100)} %`
    lines.push({
      what: '  whose trigger found the wait open',
      ours: share,
      theirs: '',
      figure: share,
      wanted: '',
    })
    count('  history events a run', ours.events, theirs.events, '≤ 30')
    count('  billable actions a run', ours.actions, theirs.actions, '≤ 9')
  }
  if (checks !== null) {
    ratio('checks a second, against a select by GET', checks.get, 0.7)
    ratio('checks a second, against a select by POST', checks.post, 0.7)
  }
  if (decisions !== null) {
    const figure = shown(decisions.median)
    lines.push({ what: 'decisions a second on one core', ours: figure, theirs: '', figure, wanted: '≥ 1 M' })
  }
  if (loaded !== null) {
    const contacts = loaded.contacts.toLocaleString('en')
    lines.push({
      what: `with ${contacts} contacts, beside an empty database`,
      ours: 'loaded',
      theirs: 'empty',
      figure: 'cost',
      wanted: '',
    })
    const costs = (what: string, { ours, theirs, ratio }: z.infer<typeof compared>) =>
      lines.push({
        what: `  ${what} a second`,
        ours: shown(theirs.median),
        theirs: shown(ours.median),
        figure: `${ratio.toFixed(2)} ×`,
        wanted: `≤ ${mostLoaded} ×`,
      })
    costs('triggers', loaded.trigger)
    costs('checks', loaded.check)
    costs('deliveries', loaded.delivery)
    const { bytes, hot } = loaded.storage
    lines.push({
      what: '  bytes a delivery',
      ours: '',
      theirs: '',
      figure: String(bytes),
      wanted: '≤ 1400',
    })
    const share = hot === null ? '–' : `${Math.round(hot * 100)} %`
    lines.push({
      what: '  its updates that touch no index',
      ours: '',
      theirs: '',
      figure: share,
      wanted: '≥ 90 %',
    })
  }
  if (recovery !== null) {
    const { runs, seconds, before, during } = recovery
    const row = (what: string, figures: typeof before) =>
      lines.push({ what, ours: `${figures.median} ms`, theirs: '', figure: `${figures.slow} ms`, wanted: '' })
    lines.push({
      what: `recovery of ${runs.toLocaleString('en')} runs; a start until its mail`,
      ours: 'median',
      theirs: '',
      figure: 'slow',
      wanted: '',
    })
    row('  before', before)
    row(`  during (${seconds} s)`, during)
  }
  const head: Line = { what: '', ours: 'Assent', theirs: 'bare', figure: 'figure', wanted: 'to reach' }
  return [head, ...lines]
    .map(({ what, ours, theirs, figure, wanted }) =>
      [what.padEnd(48), ours.padStart(9), theirs.padStart(9), figure.padStart(9), wanted.padStart(9)].join(
        ' ',
      ),
    )
    .join('\n')
}

/** What costs too much with many contacts, in a sentence each. */
export function warnings({ loaded }: Pick<Report, 'loaded'>): string[] {
  if (loaded === null) return []
  const { trigger, check, delivery } = loaded
  return Object.entries({ trigger, check, delivery }).flatMap(([what, { ratio }]) =>
    ratio > mostLoaded
      ? [
          `A ${what} costs ${ratio.toFixed(2)} times as much with ${loaded.contacts} contacts as in an empty database; at most ${mostLoaded} is wanted.`,
        ]
      : [],
  )
}
