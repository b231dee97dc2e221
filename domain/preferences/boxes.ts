/**
 * The boxes of a preference centre: one for each purpose and each topic. What a box shows, and what ticking or unticking it
 * says. Pure.
 */
import { hasCome } from '../consent/instant.ts'
import { standing } from '../consent/standing.ts'
import { type Enforcement, everything, type Standing, type Standings } from '../consent/types.ts'
import type { Purpose } from '../shapes/purpose.ts'

export type Box = {
  purpose: string
  /** Version of the purpose, and with it of the words beside the box. */
  purposeVersion: number
  topic: string | null
  kind: 'commercial' | 'tracking'
  /** Resolved for the channel. */
  enforcement: Enforcement
  name: string
  description: string
  standing: Standing
  /** Whether the box is ticked: what it stands for may happen. */
  on: boolean
  /** Place in the chain of the newest event that bears on it; 0 where there is none. */
  saidAt: number
}

/**
 * A purpose with its topics, in their order. The box of a purpose that has topics stands for what belongs to none of them: it is
 * one choice among theirs, not a switch over them.
 */
export type BoxGroup = { purpose: Box; topics: Box[] }

/** How a contact point stands, for its boxes. */
export type Stands = {
  /** Key of its channel. */
  channel: string
  standings: Standings
  /** What holds for tracking where nobody chose. */
  defaultTracking: 'track' | 'do-not-track'
  /** RFC 3339. */
  now: string
}

/** The boxes of one purpose; null where it is transactional: there is nothing to choose. */
export function boxesOf(
  { key, version, definition }: { key: string; version: number; definition: Purpose },
  { channel, standings, defaultTracking, now }: Stands,
): BoxGroup | null {
  const { kind } = definition
  if (kind === 'transactional') return null
  const enforcement = definition.channels?.[channel] ?? definition.enforcement
  const silence = kind === 'tracking' && defaultTracking === 'do-not-track' ? 'off' : 'on'
  const box = (topic: string | null, { name, description }: { name: string; description: string }): Box => {
    const stands = standing(standings, key, topic)
    return {
      purpose: key,
      purposeVersion: version,
      topic,
      kind,
      enforcement,
      name,
      description,
      standing: stands,
      on: isOn(stands, { enforcement, silence }, now),
      saidAt: newestWord(standings, key, topic),
    }
  }
  return {
    purpose: box(null, definition),
    topics: definition.topics.map((topic) => box(topic.key, topic)),
  }
}

/**
 * A restrictive box is on with a standing opt-in; another is on until an opt-out, except tracking that does not happen unless
 * chosen.
 * @param rule.silence what holds where nobody chose
 */
export function isOn(
  standing: Standing,
  rule: { enforcement: Enforcement; silence: 'on' | 'off' },
  now: string,
): boolean {
  const expired = standing.expiresAt !== null && hasCome(standing.expiresAt, now)
  if (standing.state === 'opted-out') return false
  if (standing.state === 'opted-in' && !expired) return true
  return rule.enforcement === 'non-restrictive' && rule.silence === 'on'
}

/** The newest place in the chain at which something was said that bears on a purpose or topic. */
export function newestWord({ entries }: Standings, purpose: string, topic: string | null): number {
  const bearing = entries.filter(
    (entry) =>
      (entry.purpose === everything && entry.topic === null) ||
      (entry.purpose === purpose && (entry.topic === null || entry.topic === topic)),
  )
  return Math.max(0, ...bearing.flatMap((entry) => [entry.newest?.seq ?? 0, entry.newestOptOut?.seq ?? 0]))
}
