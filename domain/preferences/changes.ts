/**
 * What a saved preference centre says. Each box stands alone: only one that was touched (it came back otherwise than it was
 * shown) says anything, whatever happened meanwhile. Pure.
 *
 * An opt-out always counts. An opt-in counts only where nothing was said of the box since the page was made: a form that is
 * sent again (a reload, a restored tab) must not undo a withdrawal that came after it.
 */
import type { Box, BoxGroup } from './boxes.ts'

/** A box as it came back. */
export type Submitted = {
  purpose: string
  topic: string | null
  /** Version of the purpose whose words stood beside it. */
  version: number
  shown: boolean
  ticked: boolean
}

export type Change = {
  box: Box
  /** Version of the words the person saw. */
  version: number
  /** Not touched itself: kept off while its purpose was switched on. */
  keptOff: boolean
}

export type Changes = {
  optOuts: Change[]
  optIns: Change[]
  /** Ticked, but overtaken by what was said since. */
  overtaken: Box[]
}

/**
 * @param groups the boxes as they stand now
 * @param seen place in the chain up to which the page had seen
 */
export function changesOf(
  groups: readonly BoxGroup[],
  submitted: readonly Submitted[],
  seen: number,
): Changes {
  const changes: Changes = { optOuts: [], optIns: [], overtaken: [] }
  const boxes = groups.flatMap((group) => [group.purpose, ...group.topics])
  for (const { purpose, topic, version, shown, ticked } of submitted) {
    const box = boxes.find((one) => one.purpose === purpose && one.topic === topic)
    if (box === undefined || shown === ticked) continue
    if (!ticked) {
      if (!isSettledOptOut(box)) changes.optOuts.push({ box, version, keptOff: false })
    } else if (box.standing.state !== 'opted-in' || !box.on) {
      if (box.saidAt > seen) changes.overtaken.push(box)
      else changes.optIns.push({ box, version, keptOff: false })
    }
  }
  for (const box of revivedBy(changes, groups)) {
    changes.optOuts.push({ box, version: box.purposeVersion, keptOff: true })
  }
  return changes
}

/** Saying it again would add nothing. An opt-out from above does not count: it may be lifted from above. */
export function isSettledOptOut({ standing }: Pick<Box, 'standing'>): boolean {
  return standing.state === 'opted-out' && standing.by === 'own' && !standing.pending
}

/**
 * Opting in to a purpose that is not restrictive would bring back the topics that were off only because it was: but their boxes
 * were left off. Each then gets an opt-out of its own.
 */
function revivedBy({ optIns, optOuts }: Changes, groups: readonly BoxGroup[]): Box[] {
  const ticked = new Set(optIns.map(({ box }) => box))
  const said = new Set([...optIns, ...optOuts].map(({ box }) => box))
  return groups
    .filter(({ purpose }) => ticked.has(purpose))
    .flatMap(({ topics }) => topics)
    .filter((topic) => !said.has(topic) && topic.enforcement === 'non-restrictive')
    .filter(({ standing }) => standing.state === 'opted-out' && standing.by !== 'own')
}
