/**
 * The boxes of a preference centre: one for each purpose and each topic. What each box shows, and what ticking or
 * unticking it means. Pure.
 */
import { hasCome } from '../consent/instant.ts'
import { standing } from '../consent/standing.ts'
import { type Enforcement, everything, type Standing, type Standings } from '../consent/types.ts'
import type { Purpose } from '../shapes/purpose.ts'

export type Box = {
  purpose: string
  /** Version of the purpose, and so of the text beside the box. */
  purposeVersion: number
  topic: string | null
  kind: 'commercial' | 'tracking'
  /** Resolved for the channel. */
  enforcement: Enforcement
  name: string
  description: string
  standing: Standing
  /** Whether the box is ticked: messages (or tracking) are permitted. */
  on: boolean
  /** Sequence in the chain of the newest event that concerns the box; 0 if there is none. */
  saidAt: number
}

/**
 * A purpose with its topics, in their order. If a purpose has topics, its own box covers the messages without a topic:
 * it is one choice beside the topics, not a switch for all of them.
 */
export type BoxGroup = { purpose: Box; topics: Box[] }

/** The consent state of a contact point, as its boxes need it. */
export type Stands = {
  /** Key of its channel. */
  channel: string
  standings: Standings
  /** What applies to tracking without a choice of the person. */
  defaultTracking: 'track' | 'do-not-track'
  /** RFC 3339. */
  now: string
}

/** The boxes of one purpose; null if it is transactional: there is nothing to choose. */
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
 * A restrictive box is on with a valid opt-in. Any other box is on until an opt-out, except tracking if the profile's
 * default is `do-not-track`.
 * @param rule.silence what applies without a choice of the person
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

/** Sequence in the chain of the newest event that concerns a purpose or topic. */
export function newestWord({ entries }: Standings, purpose: string, topic: string | null): number {
  const bearing = entries.filter(
    (entry) =>
      (entry.purpose === everything && entry.topic === null) ||
      (entry.purpose === purpose && (entry.topic === null || entry.topic === topic)),
  )
  return Math.max(0, ...bearing.flatMap((entry) => [entry.newest?.seq ?? 0, entry.newestOptOut?.seq ?? 0]))
}
