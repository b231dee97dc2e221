/**
 * The fold: computes the consent state of each purpose and topic of one contact point from the events of its ledger.
 *
 * Guarantees: the result depends only on the set of events, never on their order. An event counts from the earlier of
 * `occurredAt` and `recordedAt`. On equal times an opt-out beats an opt-in; otherwise the later one in the chain wins.
 * A retraction removes the event it names from the result, as if that event had never been recorded. `pending` changes
 * no state. `standing.ts` derives one state from the entries of topic, purpose and `*` together.
 */
import { compareInstants, earlier, instant } from './instant.ts'
import { type Entry, everything, type FoldEvent, type Standings, type View } from './types.ts'

/** An event that is within the view and not retracted, with its effective time. */
type Counted = { event: FoldEvent; at: string }

/**
 * @param events all events of one contact point's chain, in any order
 * @param view `asOf`: only what had happened by then; `knownAt`: only what was recorded by then. Both apply to retractions too.
 * @throws RangeError when a time of an event or of the view is not RFC 3339
 */
export function fold(events: readonly FoldEvent[], view: View = {}): Standings {
  const counted = withoutRetracted(inView(events, view))
  const entries: Entries = new Map()
  for (const one of counted) {
    if (one.event.kind === 'consent') takeConsent(entryOf(entries, one.event), one)
  }
  const ended = endedRequests(counted)
  for (const one of counted) {
    if (one.event.kind === 'pending') takePending(entryOf(entries, one.event), one, ended)
  }
  return settle(entries)
}

/**
 * The double opt-in requests in a batch of new events that `foldOn` may take: no earlier event names them, and the
 * batch only starts them, once for each of its purposes and topics.
 * @param named requests that the ledger names before the batch
 */
export function freshRequests(batch: readonly FoldEvent[], named: ReadonlySet<string>): Set<string> {
  const stale = new Set(named)
  const begun = new Set<string>()
  const requests = batch.flatMap(({ kind, doubleOptIn, purpose, topic }) => {
    if (doubleOptIn === null) return []
    const beginning = JSON.stringify([doubleOptIn, purpose, topic])
    if (kind !== 'pending' || begun.has(beginning)) stale.add(doubleOptIn)
    begun.add(beginning)
    return [doubleOptIn]
  })
  return new Set(requests.filter((request) => !stale.has(request)))
}

/**
 * The fold, continued: the standings after one more event, from the standings before it. The ledger is not read again,
 * so an append costs the same however long the chain is. The result always equals `fold` over the whole chain. That is
 * true for late events too: the newest event and the newest opt-out of an entry are maxima, and an overtaken request
 * stays overtaken.
 *
 * @param standings the result of `fold` or `foldOn` for all earlier events
 * @param event the next event of the chain
 * @param fresh from `freshRequests`
 * @returns null if the standings alone do not suffice and all events must be folded again: for a retraction (the state before the
 *   retracted event is not kept), and for a request that is named again (whether it had ended is not kept)
 */
export function foldOn(standings: Standings, event: FoldEvent, fresh: ReadonlySet<string>): Standings | null {
  const { kind, doubleOptIn } = event
  const one: Counted = { event, at: earlier(instant(event.occurredAt), instant(event.recordedAt)) }
  switch (kind) {
    case 'retraction':
      return null
    case 'terms':
      return standings
    case 'pending': {
      if (doubleOptIn === null) return standings
      if (!fresh.has(doubleOptIn)) return null
      const entries = entriesOf(standings)
      takePending(entryOf(entries, event), one, new Set())
      return settle(entries)
    }
    case 'pending-ended':
    case 'consent': {
      const entries = entriesOf(standings)
      if (kind === 'consent') takeConsent(entryOf(entries, event), one)
      const ended = endedRequests([one])
      for (const entry of entries.values()) {
        entry.pending = entry.pending.filter((request) => !ended.has(request.doubleOptIn))
      }
      return settle(entries)
    }
    default:
      return kind satisfies never
  }
}

type Entries = Map<string, Entry>

/** A copy of the entries that may be modified. */
function entriesOf(standings: Standings): Entries {
  return new Map(
    standings.entries.map((entry) => [
      keyOf(entry.purpose, entry.topic),
      { ...entry, pending: [...entry.pending] },
    ]),
  )
}

function settle(entries: Entries): Standings {
  const settled = [...entries.values()].map((entry) => withOpenRequests(entry, entries))
  return { entries: settled.filter(saysSomething).sort(byPurposeThenTopic) }
}

function keyOf(purpose: string, topic: string | null): string {
  return JSON.stringify([purpose, topic])
}

function entryOf(entries: Entries, { purpose, topic }: FoldEvent): Entry {
  const known = entries.get(keyOf(purpose, topic))
  if (known !== undefined) return known
  const made: Entry = { purpose, topic, newest: null, newestOptOut: null, pending: [] }
  entries.set(keyOf(purpose, topic), made)
  return made
}

function inView(events: readonly FoldEvent[], view: View): Counted[] {
  const asOf = view.asOf === undefined ? null : instant(view.asOf)
  const knownAt = view.knownAt === undefined ? null : instant(view.knownAt)
  const seen: Counted[] = []
  for (const event of events) {
    const recordedAt = instant(event.recordedAt)
    const at = earlier(instant(event.occurredAt), recordedAt)
    if (asOf !== null && compareInstants(at, asOf) > 0) continue
    if (knownAt !== null && compareInstants(recordedAt, knownAt) > 0) continue
    seen.push({ event, at })
  }
  return seen
}

/** A retraction cannot itself be retracted: to restore a consent, record it again. */
function withoutRetracted(counted: readonly Counted[]): Counted[] {
  const retracted = new Set<string>()
  for (const { event } of counted) {
    if (event.kind === 'retraction' && event.retracts !== null) retracted.add(event.retracts)
  }
  return counted.filter(({ event }) => !retracted.has(event.id))
}

function takeConsent(entry: Entry, { event, at }: Counted): void {
  const { state, seq, id } = event
  // `*` can only be opted out: nobody can give informed consent to everything.
  if (state === null || (event.purpose === everything && state === 'opted-in')) return
  if (entry.newest === null || isNewer({ state, at, seq }, entry.newest)) {
    const expiresAt = state === 'opted-in' && event.expiresAt !== null ? instant(event.expiresAt) : null
    entry.newest = { state, at, seq, event: id, expiresAt }
  }
  if (state === 'opted-out') {
    const before = entry.newestOptOut
    if (before === null || isNewer({ state, at, seq }, { state, at: before.at, seq: before.seq })) {
      entry.newestOptOut = { at, seq, event: id }
    }
  }
}

type Rank = { state: 'opted-in' | 'opted-out'; at: string; seq: number }

/** The fold's total order: effective time, then opt-out over opt-in, then place in the chain. */
function isNewer(a: Rank, b: Rank): boolean {
  const byTime = compareInstants(a.at, b.at)
  if (byTime !== 0) return byTime > 0
  if (a.state !== b.state) return a.state === 'opted-out'
  return a.seq > b.seq
}

/** Requests that were confirmed, or ended otherwise. They end as a whole, whatever entry the event names. */
function endedRequests(counted: readonly Counted[]): Set<string> {
  const ended = new Set<string>()
  for (const { event } of counted) {
    const confirms = event.kind === 'consent' && event.state === 'opted-in'
    if ((confirms || event.kind === 'pending-ended') && event.doubleOptIn !== null)
      ended.add(event.doubleOptIn)
  }
  return ended
}

/** A request starts once, with its first event: a repeated request re-sends the mail and never resets the pending one. */
function takePending(entry: Entry, { event, at }: Counted, ended: ReadonlySet<string>): void {
  const { doubleOptIn } = event
  if (doubleOptIn === null || ended.has(doubleOptIn)) return
  const request = { doubleOptIn, event: event.id, since: at }
  const same = entry.pending.findIndex((known) => known.doubleOptIn === doubleOptIn)
  const known = entry.pending[same]
  if (known === undefined) entry.pending.push(request)
  else if (startsEarlier(request, known)) entry.pending[same] = request
}

function startsEarlier(a: Entry['pending'][number], b: Entry['pending'][number]): boolean {
  const byTime = compareInstants(a.since, b.since)
  return byTime < 0 || (byTime === 0 && a.event < b.event)
}

/** Removes requests that an opt-out of the same entry, its purpose or everything has ended, unless the opt-out is older. */
function withOpenRequests(entry: Entry, entries: ReadonlyMap<string, Entry>): Entry {
  const above = [entries.get(keyOf(entry.purpose, null)), entries.get(keyOf(everything, null))]
  const ends = [entry, ...above].flatMap((one) => one?.newestOptOut?.at ?? [])
  const open = entry.pending.filter(({ since }) => ends.every((end) => compareInstants(since, end) > 0))
  return { ...entry, pending: open.sort((a, b) => (startsEarlier(a, b) ? -1 : 1)) }
}

function saysSomething(entry: Entry): boolean {
  return entry.newest !== null || entry.pending.length > 0
}

/** The order of the entries of `Standings`. */
export function byPurposeThenTopic(a: Entry, b: Entry): number {
  if (a.purpose !== b.purpose) return a.purpose < b.purpose ? -1 : 1
  if (a.topic === b.topic) return 0
  if (a.topic === null) return -1
  if (b.topic === null) return 1
  return a.topic < b.topic ? -1 : 1
}
