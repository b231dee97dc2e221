/**
 * The consent changes in a saved preference centre. Each box counts by itself: only a box that the person touched (it
 * came back different from how it was shown) changes anything, whatever happened meanwhile. Pure.
 *
 * An opt-out always counts. An opt-in counts only if no event concerned the box after the page was made: submitting a
 * form again (a reload, a restored tab) must not undo a later withdrawal.
 *
 * In the ledger an opt-out of a purpose includes its topics. On the page the box of such a purpose is one choice beside
 * those of its topics, so boxes left ticked stay on, and boxes left unticked stay off:
 *
 * - A purpose is unticked: its opt-out is recorded, then an opt-in of its own for each of its topics that came back ticked and is
 *   on. All other topics are out with it, also one that was switched on elsewhere after the page was made.
 * - A purpose that is not restrictive is ticked: topics that were off only because the purpose was get an opt-out of their own.
 */
import { type Place, withdrawalAddsNothing } from '../consent/scope.ts'
import type { Standings } from '../consent/types.ts'
import type { Box, BoxGroup } from './boxes.ts'

/** A box as submitted. */
export type Submitted = {
  purpose: string
  topic: string | null
  /** Version of the purpose whose text was beside it. */
  version: number
  shown: boolean
  ticked: boolean
}

export type Change = {
  box: Box
  /** Version of the text the person saw. */
  version: number
  /** `kept-on` and `kept-off`: not touched itself, but its purpose was. */
  why: 'touched' | 'kept-on' | 'kept-off'
}

export type Changes = {
  /** Recorded first. */
  optOuts: Change[]
  optIns: Change[]
  /** Ticked, but a later event overtook them. */
  overtaken: Box[]
}

export type Saving = {
  /** Head of the chain when the page was made. */
  seen: number
  standings: Standings
  /**
   * What may be kept on beside an unticked purpose: everything that is on, or only explicit opt-ins. (If the page does not
   * prove that the holder of the address saves it, no new consent is recorded in their name.)
   */
  keep: 'on' | 'opted-in'
}

/** @param groups the current boxes */
export function changesOf(
  groups: readonly BoxGroup[],
  submitted: readonly Submitted[],
  { seen, standings, keep }: Saving,
): Changes {
  const changes: Changes = { optOuts: [], optIns: [], overtaken: [] }
  const boxes = groups.flatMap((group) => [group.purpose, ...group.topics])
  const cameOf = ({ purpose, topic }: Place) =>
    submitted.find((one) => one.purpose === purpose && one.topic === topic)
  const stays = (box: Box) =>
    box.on && cameOf(box)?.ticked === true && (keep === 'on' || box.standing.state === 'opted-in')

  for (const { purpose, topic, version, shown, ticked } of submitted) {
    const box = boxes.find((one) => one.purpose === purpose && one.topic === topic)
    if (box === undefined || shown === ticked) continue
    if (!ticked) {
      const kept = (place: Place) =>
        place.topic !== null && boxes.some((one) => isAt(one, place) && one !== box && stays(one))
      if (!withdrawalAddsNothing(standings, purpose, topic, kept))
        changes.optOuts.push({ box, version, why: 'touched' })
    } else if (box.standing.state !== 'opted-in' || !box.on) {
      if (box.saidAt > seen) changes.overtaken.push(box)
      else changes.optIns.push({ box, version, why: 'touched' })
    }
  }

  const said = new Set([...changes.optIns, ...changes.optOuts].map(({ box }) => box))
  for (const { purpose, topics } of groups) {
    const untouched = topics.filter((topic) => !said.has(topic))
    if (changes.optOuts.some(({ box }) => box === purpose)) {
      for (const box of untouched.filter(stays)) {
        changes.optIns.push({ box, version: cameOf(box)?.version ?? box.purposeVersion, why: 'kept-on' })
      }
    }
    if (changes.optIns.some(({ box }) => box === purpose)) {
      for (const box of untouched.filter(isOffByItsPurpose)) {
        changes.optOuts.push({ box, version: box.purposeVersion, why: 'kept-off' })
      }
    }
  }
  return changes
}

function isAt({ purpose, topic }: Box, place: Place): boolean {
  return purpose === place.purpose && topic === place.topic
}

/** Whether the box would be on if its purpose were. */
function isOffByItsPurpose({ enforcement, standing }: Box): boolean {
  return enforcement === 'non-restrictive' && standing.state === 'opted-out' && standing.by !== 'own'
}
