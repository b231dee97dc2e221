/**
 * The scope of a withdrawal: a topic, a purpose with all its topics, or `*`, everything. Pure.
 *
 * A withdrawal may be acknowledged only when its scope is out: `decide` then blocks every purpose and topic in it,
 * under either enforcement model, including topics that the ledger does not name yet. A topic that was opted in to
 * after the opt-out of its purpose keeps the scope of the purpose open.
 */
import { standing } from './standing.ts'
import { everything, type Standings } from './types.ts'

/** A purpose (topic null) or one of its topics. */
export type Place = { purpose: string; topic: string | null }

/** Whether every purpose and topic in the scope is opted out. @param standings all standings of the contact point */
export function scopeIsOut(standings: Standings, purpose: string, topic: string | null): boolean {
  return placesIn(standings, purpose, topic).every((place) => isOut(standings, place))
}

/**
 * Whether recording the withdrawal would change nothing. That is so if the scope is out through an opt-out of exactly
 * this scope (a wider opt-out may be retracted), and no double opt-in within the scope is pending.
 *
 * @param except places in the scope that the withdrawal does not change
 */
export function withdrawalAddsNothing(
  standings: Standings,
  purpose: string,
  topic: string | null,
  except: (place: Place) => boolean = () => false,
): boolean {
  const own = standing(standings, purpose, topic)
  const byItself = own.by === 'own' || (purpose === everything && own.by === 'everything')
  return (
    own.state === 'opted-out' &&
    byItself &&
    placesIn(standings, purpose, topic)
      .filter((place) => !except(place))
      .every((place) => isOut(standings, place) && !standing(standings, place.purpose, place.topic).pending)
  )
}

/** The scope itself and every purpose and topic inside it that the ledger names. All others follow from these. */
function placesIn({ entries }: Standings, purpose: string, topic: string | null): Place[] {
  const own = { purpose, topic }
  if (topic !== null) return [own]
  return [own, ...entries.filter((entry) => purpose === everything || entry.purpose === purpose)]
}

function isOut(standings: Standings, { purpose, topic }: Place): boolean {
  return standing(standings, purpose, topic).state === 'opted-out'
}
