/**
 * What one ledger event changed, for those who wait to hear of it: one `consent.granted` or `consent.withdrawn` for each purpose and
 * topic whose standing is another now, whatever the event named. An opt-out of everything withdraws several; so can one of a
 * purpose, and a retraction. Pure.
 *
 * | standing before → after | raised |
 * | --- | --- |
 * | → opted-in | granted |
 * | → opted-out | withdrawn |
 * | opted-in → none | withdrawn |
 * | opted-out → none | granted where the purpose is non-restrictive; else nothing, for nothing is permitted now either |
 *
 * States count as `decide` sees them: an opt-in past its expiry is none.
 */
import type { Place } from './scope.ts'
import { standing, stateAt } from './standing.ts'
import { type ConsentState, type Enforcement, everything, type FoldEvent, type Standings } from './types.ts'

/** A purpose that asks consent, as it is offered now. */
export type OfferedPurpose = {
  key: string /** Resolved for the channel. */
  enforcement: Enforcement
  topics: readonly string[]
}

export type StandingChange = Place & {
  change: 'granted' | 'withdrawn'
  /** How it stands now. */
  state: ConsentState
}

/** Whether an event can change how anything stands, and so must be compared. */
export function mayChangeStandings({ kind }: Pick<FoldEvent, 'kind'>): boolean {
  return kind === 'consent' || kind === 'retraction'
}

/** Whether the reach of an event is all purposes, or its own purpose only. */
export function reachesEverything({ kind, purpose }: Pick<FoldEvent, 'kind' | 'purpose'>): boolean {
  return kind === 'retraction' || purpose === everything
}

/**
 * @param event the one that came between `before` and `after`
 * @param offered the purposes in its reach (all, where it reaches everything); those that only the standings name count too
 * @param now RFC 3339
 * @returns `*` first, then by purpose and topic
 */
export function standingChanges(
  event: Pick<FoldEvent, 'kind' | 'purpose' | 'topic'>,
  before: Standings,
  after: Standings,
  offered: readonly OfferedPurpose[],
  now: string,
): StandingChange[] {
  if (!mayChangeStandings(event)) return []
  const enforcements = new Map(offered.map(({ key, enforcement }) => [key, enforcement]))
  const changes = placesWithin(event, [before, after], offered).flatMap((place): StandingChange[] => {
    const was = stateAt(standing(before, place.purpose, place.topic), now)
    const is = stateAt(standing(after, place.purpose, place.topic), now)
    const change = changeBetween(was, is, enforcements.get(place.purpose) ?? 'restrictive')
    return change === null ? [] : [{ ...place, change, state: is }]
  })
  return [...ofEverything(event, before, after, changes.length > 0), ...changes]
}

function changeBetween(
  was: ConsentState,
  is: ConsentState,
  enforcement: Enforcement,
): StandingChange['change'] | null {
  if (was === is) return null
  switch (is) {
    case 'opted-in':
      return 'granted'
    case 'opted-out':
      return 'withdrawn'
    case 'none':
      if (was === 'opted-in') return 'withdrawn'
      return enforcement === 'non-restrictive' ? 'granted' : null
    default:
      return is satisfies never
  }
}

/** Everything off is heard as such too: by its own name, whenever it switched anything off. */
function ofEverything(
  { kind, purpose }: Pick<FoldEvent, 'kind' | 'purpose'>,
  before: Standings,
  after: Standings,
  changedOthers: boolean,
): StandingChange[] {
  if (purpose !== everything || kind !== 'consent') return []
  if (standing(after, everything, null).state !== 'opted-out') return []
  const changed = standing(before, everything, null).state !== 'opted-out' || changedOthers
  return changed ? [{ purpose: everything, topic: null, change: 'withdrawn', state: 'opted-out' }] : []
}

/** Every purpose and topic that an event can have changed, each once, `*` left out. */
function placesWithin(
  event: Pick<FoldEvent, 'kind' | 'purpose' | 'topic'>,
  standings: readonly Standings[],
  offered: readonly OfferedPurpose[],
): Place[] {
  const spoken = standings.flatMap(({ entries }) => entries)
  const all: Place[] = [
    ...spoken.map(({ purpose }) => ({ purpose, topic: null })),
    ...spoken.map(({ purpose, topic }) => ({ purpose, topic })),
    ...offered.flatMap(({ key, topics }) => [null, ...topics].map((topic) => ({ purpose: key, topic }))),
    ...(reachesEverything(event) ? [] : [{ purpose: event.purpose, topic: event.topic }]),
  ]
  const unique = new Map(all.map((place) => [JSON.stringify([place.purpose, place.topic]), place]))
  return [...unique.values()].filter((place) => isWithin(place, event)).sort(byPurposeThenTopic)
}

function isWithin(place: Place, event: Pick<FoldEvent, 'kind' | 'purpose' | 'topic'>): boolean {
  if (place.purpose === everything) return false
  if (reachesEverything(event)) return true
  return place.purpose === event.purpose && (event.topic === null || place.topic === event.topic)
}

function byPurposeThenTopic(a: Place, b: Place): number {
  if (a.purpose !== b.purpose) return a.purpose < b.purpose ? -1 : 1
  const [first, second] = [a.topic ?? '', b.topic ?? '']
  return first === second ? 0 : first < second ? -1 : 1
}
