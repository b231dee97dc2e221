/**
 * The fold: what stands for each purpose and topic of one contact point, from the events of its ledger.
 *
 * Promises: the outcome depends on the set of events only, never on the order they are given in. An event counts from
 * the lesser of `occurredAt` and `recordedAt`; on equal times an opt-out beats an opt-in, and otherwise the later in
 * the chain wins. A retraction takes the event it names out, as if it had never been. `pending` changes no state.
 * How a state follows from the entries of topic, purpose and `*` together is said in `standing.ts`.
 */
import { compareInstants, earlier, instant } from './instant.ts'
import { type Entry, everything, type FoldEvent, type Standings, type View } from './types.ts'

/** An event that is in view and not retracted, with its effective time. */
type Counted = { event: FoldEvent; at: string }

/**
 * @param events all events of one contact point's chain, in any order
 * @param view `asOf`: what had happened by then; `knownAt`: what was recorded by then. Retractions are seen the same way.
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
 * Requests of a batch of new events that `foldOn` may take: no event before names them, and the batch only begins them, each of
 * its purposes and topics once.
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
 * The fold, continued: what stands after one more event, from what stood before it. The ledger is not read again, so an append costs
 * the same however long the chain is. Always equal to `fold` over the whole chain. That holds for late events too: the newest event and the
 * newest opt-out of an entry are maxima, and an overtaken request stays overtaken.
 *
 * @param standings what `fold` gave for all events before, or `foldOn`
 * @param event the next of the chain
 * @param fresh from `freshRequests`
 * @returns null where the standings alone do not tell, and all must be folded anew: for a retraction (what stood before the event it
 *   takes out is not kept), and for a request that is named again (whether it had ended is not kept)
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

/** Entries that may be changed. */
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

/** A retraction cannot itself be retracted: whoever wants the state back states it anew. */
function withoutRetracted(counted: readonly Counted[]): Counted[] {
  const retracted = new Set<string>()
  for (const { event } of counted) {
    if (event.kind === 'retraction' && event.retracts !== null) retracted.add(event.retracts)
  }
  return counted.filter(({ event }) => !retracted.has(event.id))
}

function takeConsent(entry: Entry, { event, at }: Counted): void {
  const { state, seq, id } = event
  // `*` can only be opted out: an opt-in to everything would be nobody's informed choice.
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

/** The order of the fold, a total one: effective time, then opt-out over opt-in, then place in the chain. */
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

/** A request starts once, with its first event: asking again while it is pending re-sends and never resets. */
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

/** Leaves out requests that an opt-out not older has ended: of the same, of its purpose or of everything. */
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
