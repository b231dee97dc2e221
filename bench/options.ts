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
    /** Milliseconds between the first mail's arrival and the trigger, as if a person had read it. */
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
  loaded: {
    /** Contacts in the loaded database. */
    contacts: number
    /** Contacts that are asked about, in both databases. */
    persons: number
    /** Milliseconds of a round of checks. */
    time: number
    /** Triggers in a round. */
    triggers: number
    /** Deliveries in a round; at most one for each person. */
    deliveries: number
    /** Deliveries under way at a time. */
    side: number
  }
  recovery: {
    /** Runs without a workflow. */
    runs: number
    /** Starts before the recovery, to compare with. */
    before: number
  }
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

/** `recovery` takes about five minutes by itself, and is measured only where it is named. */
export const measurements = ['journeys', 'checks', 'decisions', 'loaded', 'recovery'] as const
export type Measurement = (typeof measurements)[number]

const amounts: Record<BenchOptions['mode'], Amounts> = {
  full: {
    rounds: 5,
    journeys: { count: 192, concurrency: 96, pause: 1_000 },
    checks: { time: 3_000, connections: 16, addresses: 200 },
    decisions: 2_000_000,
    loaded: { contacts: 100_000, persons: 500, time: 2_000, triggers: 1_000, deliveries: 500, side: 4 },
    recovery: { runs: 10_000, before: 60 },
  },
  quick: {
    rounds: 3,
    journeys: { count: 144, concurrency: 96, pause: 1_000 },
    checks: { time: 1_500, connections: 16, addresses: 100 },
    decisions: 500_000,
    loaded: { contacts: 20_000, persons: 200, time: 1_000, triggers: 500, deliveries: 200, side: 4 },
    recovery: { runs: 2_000, before: 30 },
  },
  smoke: {
    rounds: 1,
    journeys: { count: 3, concurrency: 2, pause: 300 },
    checks: { time: 100, connections: 2, addresses: 3 },
    decisions: 10_000,
    loaded: { contacts: 50, persons: 5, time: 100, triggers: 10, deliveries: 5, side: 2 },
    recovery: { runs: 20, before: 2 },
  },
}

/** More would fill a disk. */
const mostContacts = 10_000_000

export const usage = `npm run bench -- [--quick | --smoke] [--only journeys,checks,decisions,loaded,recovery] [--contacts 100000] [--out FILE] [--profile FOLDER]`

/** @throws Error for an option that is not known */
export function readOptions(args: readonly string[]): BenchOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      quick: { type: 'boolean' },
      smoke: { type: 'boolean' },
      only: { type: 'string' },
      contacts: { type: 'string' },
      out: { type: 'string' },
      profile: { type: 'string' },
    },
  })
  const mode = values.smoke === true ? 'smoke' : values.quick === true ? 'quick' : 'full'
  const wanted = values.only?.split(',') ?? measurements.filter((name) => name !== 'recovery')
  const unknown = wanted.filter((name) => !measurements.some((known) => known === name))
  if (unknown.length > 0)
    throw new Error(`--only knows ${measurements.join(', ')}, not ${unknown.join(', ')}`)
  const { loaded, ...others } = amounts[mode]
  const contacts = values.contacts === undefined ? loaded.contacts : Number(values.contacts)
  if (!Number.isInteger(contacts) || contacts < loaded.persons || contacts > mostContacts) {
    throw new Error(`--contacts takes a number from ${loaded.persons} to ${mostContacts}`)
  }
  return {
    amounts: { ...others, loaded: { ...loaded, contacts } },
    mode,
    only: measurements.filter((name) => wanted.some((one) => one === name)),
    out: values.out ?? null,
    profile: values.profile ?? null,
  }
}
