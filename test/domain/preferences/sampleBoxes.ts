/** Boxes to test with: on or off, by whose word, touched or not. */
import { noStanding } from '../../../domain/consent/standing.ts'
import type { Standing } from '../../../domain/consent/types.ts'
import type { Box } from '../../../domain/preferences/boxes.ts'
import type { Submitted } from '../../../domain/preferences/changes.ts'

const since = '2026-10-03T10:00:00.000Z'

export const inByOwn: Standing = { ...noStanding, state: 'opted-in', by: 'own', since }
export const outByOwn: Standing = { ...noStanding, state: 'opted-out', by: 'own', since }
export const outByPurpose: Standing = { ...noStanding, state: 'opted-out', by: 'purpose', since }
export const outByAll: Standing = { ...noStanding, state: 'opted-out', by: 'everything', since }

export function box(purpose: string, topic: string | null, more: Partial<Box> = {}): Box {
  const standing = more.standing ?? noStanding
  return {
    purpose,
    purposeVersion: 1,
    topic,
    kind: 'commercial',
    enforcement: 'restrictive',
    name: topic ?? purpose,
    description: `What ${topic ?? purpose} is about`,
    standing,
    on: standing.state === 'opted-in',
    saidAt: 3,
    ...more,
  }
}

/** The box as it comes back from a page that showed it as it stands. */
export function came(of: Box, ticked: boolean): Submitted {
  return { purpose: of.purpose, topic: of.topic, version: of.purposeVersion, shown: of.on, ticked }
}
