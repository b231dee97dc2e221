/**
 * The boxes of a preference centre: one for each purpose and each topic. What a box shows, and what ticking or unticking it
 * says. Pure.
 */
import { hasCome } from '../consent/instant.ts'
import { type Enforcement, everything, type Standing, type Standings } from '../consent/types.ts'

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

/** A purpose with its topics, in their order. */
export type BoxGroup = { purpose: Box; topics: Box[] }

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
