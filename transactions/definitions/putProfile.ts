/** Puts a compliance profile. It may name what does not exist yet: that is a warning, and until then nothing is tracked or confirmed. */
import { eq } from 'drizzle-orm'
import { databaseNow } from '../../db/clock.ts'
import { messages, profiles, purposes } from '../../db/schema/definitions.ts'
import type { Problem } from '../../domain/journey/findings.ts'
import { invalid, invalidFields } from '../../domain/refusal.ts'
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
          code: 'not-known-yet',
          message: `There is no purpose "${profile.trackingPurpose}" yet. Nothing is tracked until it exists.`,
        })
      } else if (purpose.kind !== 'tracking') {
        throw invalid(
          '/trackingPurpose',
          'wrong-purpose',
          `"${profile.trackingPurpose}" is a ${purpose.kind} purpose. Name a tracking purpose.`,
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
          code: 'not-known-yet',
          message: `There is no message "${profile.doubleOptIn.message}" yet. Double opt-in is refused until it exists.`,
        })
      } else if (message.kind !== 'transactional') {
        throw invalid(
          '/doubleOptIn/message',
          'wrong-purpose',
          'The confirmation message must not advertise. Name a message with a transactional purpose.',
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
  if (errors.length > 0) throw invalidFields(errors, 'the profile')
}
