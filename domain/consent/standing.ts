/**
 * The consent state ("standing") of one purpose or topic: from its own entry, limited by the entries of its purpose and
 * of `*`.
 *
 * A purpose's state is the newest among its own events and the opt-outs of `*`. A topic's state is its own newest
 * event, with one exception: an opt-in that is not newer than the newest opt-out of its purpose or of `*` is void, and
 * stays void when the purpose is opted in to again. A topic without a valid event of its own is opted out if its
 * purpose is.
 */
import { compareInstants, hasCome } from './instant.ts'
import {
  type ConsentState,
  type Entry,
  everything,
  type NewestOptOut,
  type Standing,
  type Standings,
} from './types.ts'

/** The standing without any event. */
export const noStanding: Standing = {
  state: 'none',
  by: null,
  since: null,
  events: [],
  expiresAt: null,
  pending: false,
}

/**
 * @param standings the complete result of `fold`: the entries of the purpose, of the topic and of `*` are all needed
 * @param topic null asks for the purpose itself
 */
export function standing(standings: Standings, purpose: string, topic: string | null): Standing {
  const ofEverything = find(standings, everything, null)?.newestOptOut ?? null
  const ofPurpose = find(standings, purpose, null)
  const purposeStands = purposeStanding(ofPurpose, ofEverything, purpose)
  if (topic === null) return purposeStands
  return topicStanding(
    find(standings, purpose, topic),
    ofPurpose?.newestOptOut ?? null,
    ofEverything,
    purposeStands,
  )
}

function find(standings: Standings, purpose: string, topic: string | null): Entry | undefined {
  return standings.entries.find((entry) => entry.purpose === purpose && entry.topic === topic)
}

function purposeStanding(own: Entry | undefined, all: NewestOptOut | null, purpose: string): Standing {
  const newest = own?.newest ?? null
  const requests = requestsOf(own)
  const pending = requests.length > 0
  if (all !== null && (purpose === everything || newest === null || overrules(all, newest))) {
    return {
      state: 'opted-out',
      by: 'everything',
      since: all.at,
      events: [all.event],
      expiresAt: null,
      pending,
    }
  }
  if (newest !== null) return ownStanding(newest, pending)
  return { ...noStanding, events: requests, pending }
}

function topicStanding(
  own: Entry | undefined,
  ofPurpose: NewestOptOut | null,
  ofEverything: NewestOptOut | null,
  purpose: Standing,
): Standing {
  const bar = newerOf(ofPurpose, ofEverything)
  const newest = own?.newest ?? null
  const requests = requestsOf(own)
  const pending = requests.length > 0
  const stands =
    newest !== null &&
    (newest.state === 'opted-out' || bar === null || compareInstants(newest.at, bar.at) > 0)
  if (stands) return ownStanding(newest, pending)
  if (purpose.state === 'opted-out') {
    const by = purpose.by === 'everything' ? 'everything' : 'purpose'
    return { state: 'opted-out', by, since: purpose.since, events: purpose.events, expiresAt: null, pending }
  }
  const voided = newest !== null && bar !== null ? [newest.event, bar.event] : []
  return { ...noStanding, events: [...voided, ...requests], pending }
}

function ownStanding(newest: NonNullable<Entry['newest']>, pending: boolean): Standing {
  const { state, at, event, expiresAt } = newest
  return { state, by: 'own', since: at, events: [event], expiresAt, pending }
}

/** Whether an opt-out of `*` is newer than a purpose's own newest event, by the order of the fold. */
function overrules(all: NewestOptOut, newest: NonNullable<Entry['newest']>): boolean {
  const byTime = compareInstants(all.at, newest.at)
  if (byTime !== 0) return byTime > 0
  return newest.state === 'opted-in' || all.seq > newest.seq
}

function newerOf(a: NewestOptOut | null, b: NewestOptOut | null): NewestOptOut | null {
  if (a === null || b === null) return a ?? b
  const byTime = compareInstants(a.at, b.at)
  return byTime > 0 || (byTime === 0 && a.seq > b.seq) ? a : b
}

/** The pending requests. The fold keeps only those that no opt-out has overtaken. */
function requestsOf(own: Entry | undefined): string[] {
  return own === undefined ? [] : own.pending.map(({ event }) => event)
}

/**
 * The state as `decide` sees it at a moment: an expired opt-in counts as `none`. For callers that need only the state:
 * conditions, and the search for changes.
 * @param now RFC 3339
 */
export function stateAt({ state, expiresAt }: Standing, now: string): ConsentState {
  return state === 'opted-in' && expiresAt !== null && hasCome(expiresAt, now) ? 'none' : state
}
