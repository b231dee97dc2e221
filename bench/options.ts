/** What the command line of the bench may say, and how much of each thing is measured for it. */
import { parseArgs } from 'node:util'

/** Counts and times: bounded, so that a run ends. */
export type Amounts = {
  /** Rounds of each side, after one that is not counted. */
  rounds: number
  journeys: {
    /** Journeys in a round. */
    count: number
    /** Journeys under way at a time. */
    concurrency: number
    /** Milliseconds between the first mail's arrival and the trigger, as if somebody had read it. */
    pause: number
  }
  checks: {
    /** Milliseconds of a round. */
    time: number
    /** Connections kept open, each with one request at a time. */
    connections: number
    /** Addresses asked about in turn. */
    addresses: number
  }
  /** Decisions in a round. */
  decisions: number
}

export type BenchOptions = {
  amounts: Amounts
  /** `full` for figures, `quick` for a look, `smoke` only to see that it works. */
  mode: 'full' | 'quick' | 'smoke'
  only: readonly Measurement[]
  /** File for the figures. */
  out: string | null
  /** Folder for CPU profiles and statement counts, which cost some speed; null: none are made. */
  profile: string | null
}

export const measurements = ['journeys', 'checks', 'decisions'] as const
export type Measurement = (typeof measurements)[number]

const amounts: Record<BenchOptions['mode'], Amounts> = {
  full: {
    rounds: 5,
    journeys: { count: 192, concurrency: 96, pause: 1_000 },
    checks: { time: 3_000, connections: 16, addresses: 200 },
    decisions: 2_000_000,
  },
  quick: {
    rounds: 3,
    journeys: { count: 144, concurrency: 96, pause: 1_000 },
    checks: { time: 1_500, connections: 16, addresses: 100 },
    decisions: 500_000,
  },
  smoke: {
    rounds: 1,
    journeys: { count: 3, concurrency: 2, pause: 300 },
    checks: { time: 100, connections: 2, addresses: 3 },
    decisions: 10_000,
  },
}

export const usage = `npm run bench -- [--quick | --smoke] [--only journeys,checks,decisions] [--out FILE] [--profile FOLDER]`

/** @throws Error for an option that is not known */
export function readOptions(args: readonly string[]): BenchOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      quick: { type: 'boolean' },
      smoke: { type: 'boolean' },
      only: { type: 'string' },
      out: { type: 'string' },
      profile: { type: 'string' },
    },
  })
  const mode = values.smoke === true ? 'smoke' : values.quick === true ? 'quick' : 'full'
  const wanted = values.only?.split(',') ?? measurements
  const unknown = wanted.filter((name) => !measurements.some((known) => known === name))
  if (unknown.length > 0)
    throw new Error(`--only knows ${measurements.join(', ')}, not ${unknown.join(', ')}`)
  return {
    amounts: amounts[mode],
    mode,
    only: measurements.filter((name) => wanted.some((one) => one === name)),
    out: values.out ?? null,
    profile: values.profile ?? null,
  }
}
