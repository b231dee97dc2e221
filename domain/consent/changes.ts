/**
 * What one ledger event changed, as triggers: one `consent.granted` or `consent.withdrawn` for each purpose and topic
 * whose state differs now, whatever the event named. An opt-out of everything withdraws several; so can an opt-out of
 * one purpose, and a retraction. Pure.
 *
 * | state before → after | raised |
 * | --- | --- |
 * | → opted-in | granted |
 * | → opted-out | withdrawn |
 * | opted-in → none | withdrawn |
 * | opted-out → none | granted where the purpose is non-restrictive; else nothing, since still nothing is permitted |
 *
 * States count as `decide` sees them: an opt-in past its expiry is none.
 */
import type { Place } from './scope.ts'
import { standing, stateAt } from './standing.ts'
import { type ConsentState, type Enforcement, everything, type FoldEvent, type Standings } from './types.ts'

/** A purpose that needs consent, as it is offered now. */
export type OfferedPurpose = {
  key: string /** Resolved for the channel. */
  enforcement: Enforcement
  topics: readonly string[]
}

export type StandingChange = Place & {
  change: 'granted' | 'withdrawn'
  /** Its state after the event. */
  state: ConsentState
}

/** Whether an event can change any state, so that states before and after must be compared. */
export function mayChangeStandings({ kind }: Pick<FoldEvent, 'kind'>): boolean {
  return kind === 'consent' || kind === 'retraction'
}

/** Whether an event affects all purposes, and not only its own. */
export function reachesEverything({ kind, purpose }: Pick<FoldEvent, 'kind' | 'purpose'>): boolean {
  return kind === 'retraction' || purpose === everything
}

/**
 * @param event the event between `before` and `after`
 * @param offered the purposes that the event can affect (all, if it affects everything); purposes found only in the standings count too
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

/** An opt-out of everything also raises its own trigger (`*`), if it switched anything off. */
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
