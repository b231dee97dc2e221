/** Puts a compliance profile. What it names and does not exist yet is said as a warning: until then nothing is tracked or confirmed. */
import { eq } from 'drizzle-orm'
import { databaseNow } from '../../db/clock.ts'
import { messages, profiles, purposes } from '../../db/schema/definitions.ts'
import type { Problem } from '../../domain/journey/findings.ts'
import { invalid, Refusal } from '../../domain/refusal.ts'
import type { Profile } from '../../domain/shapes/profile.ts'
import type { Deps } from '../deps.ts'
import { nextVersion } from './nextVersion.ts'

import { type DefinitionReadBack, refuseOther } from './readBack.ts'
/** The version it is now, and what is doubtful about it. */
export type PutAnswer = { version: number; problems: Problem[] }

/** @throws Refusal invalid where the key that signs cannot be used, the tracking purpose is no tracking purpose, or the confirmation message is not transactional */
export async function putProfile(
  deps: Deps,
  key: string,
  profile: Profile,
  readBack: DefinitionReadBack = {},
): Promise<PutAnswer> {
  await refuseUnusableSender(deps, profile)
  return deps.db.transaction(async (tx) => {
    await refuseOther(tx, 'profile', key, profile, readBack)
    const problems: Problem[] = []
    if (profile.trackingPurpose !== undefined) {
      const [purpose] = await tx
        .select({ kind: purposes.kind })
        .from(purposes)
        .where(eq(purposes.key, profile.trackingPurpose))
      if (purpose === undefined) {
        problems.push({
          severity: 'warning',
          pointer: '/trackingPurpose',
          message: 'is not known yet: nothing is tracked until it is',
        })
      } else if (purpose.kind !== 'tracking') {
        throw invalid(
          '/trackingPurpose',
          `"${profile.trackingPurpose}" is a ${purpose.kind} purpose, not a tracking one`,
        )
      }
    }
    if (profile.doubleOptIn !== undefined) {
      const [message] = await tx
        .select({ kind: purposes.kind })
        .from(messages)
        .innerJoin(purposes, eq(purposes.key, messages.purpose))
        .where(eq(messages.key, profile.doubleOptIn.message))
      if (message === undefined) {
        problems.push({
          severity: 'warning',
          pointer: '/doubleOptIn/message',
          message: 'is not known yet: double opt-in is refused until it is',
        })
      } else if (message.kind !== 'transactional') {
        throw invalid(
          '/doubleOptIn/message',
          'a confirmation carries no advertising: its purpose must be transactional',
        )
      }
    }
    const put = await nextVersion(tx, 'profile', key, profile)
    const row = { key, version: put.version, definition: profile, updatedAt: await databaseNow(tx) }
    await tx.insert(profiles).values(row).onConflictDoUpdate({ target: profiles.key, set: row })
    return { version: put.version, problems }
  })
}

/** The caller learns of it when the profile is put, rather than when its messages are held. */
async function refuseUnusableSender(deps: Deps, profile: Profile): Promise<void> {
  const errors = await deps.checkSender(profile)
  const [first] = errors
  if (first === undefined) return
  throw new Refusal('invalid', first.message, {
    ...(first.code === undefined ? {} : { code: first.code }),
    errors,
  })
}
