/** Puts a message: checked whole, then versioned. Runs take its newest version at the claim. */
import { and, eq } from 'drizzle-orm'
import { databaseNow } from '../../db/clock.ts'
import { messages, profiles, purposes, topics } from '../../db/schema/definitions.ts'
import type { Problem } from '../../domain/journey/check.ts'
import { type VariableRead, variableWarnings } from '../../domain/messages/variables.ts'
import { invalid, invalidFields, Refusal } from '../../domain/refusal.ts'
import { unknownProfile, unknownPurpose, unknownTopic } from '../../domain/refusals/unknown.ts'
import type { Message } from '../../domain/shapes/message.ts'
import type { Deps } from '../deps.ts'
import { inThread } from '../inThread.ts'
import { readSources, readVariables, tooCostly } from './messageSources.ts'
import { nextVersion } from './nextVersion.ts'
import type { PutAnswer } from './putProfile.ts'

import { type DefinitionReadBack, refuseOther } from './readBack.ts'
/**
 * @returns what to look at, though the message can be sent as it is
 * @throws Refusal invalid, with a pointer to each thing that is wrong
 */
export async function putMessage(
  deps: Deps,
  key: string,
  message: Message,
  readBack: DefinitionReadBack = {},
): Promise<PutAnswer> {
  const { checkedFor, variables } = await checkTemplates(deps, key, message)
  return deps.db.transaction(async (tx) => {
    await refuseOther(tx, 'message', key, message, readBack)
    const [purpose] = await tx.select().from(purposes).where(eq(purposes.key, message.purpose))
    if (purpose === undefined) throw unknownPurpose('/purpose', message.purpose)
    if (purpose.kind === 'tracking')
      throw invalid(
        '/purpose',
        'wrong-purpose',
        'A tracking purpose sends no messages. Name a commercial or transactional one.',
      )
    const profileKey = message.profile ?? purpose.profile
    const [profile] = await tx
      .select({ key: profiles.key })
      .from(profiles)
      .where(eq(profiles.key, profileKey))
    if (profile === undefined) throw unknownProfile('/profile', profileKey)
    if (message.topic !== undefined) {
      const [topic] = await tx
        .select({ key: topics.key })
        .from(topics)
        .where(and(eq(topics.purpose, message.purpose), eq(topics.key, message.topic)))
      if (topic === undefined) throw unknownTopic('/topic', message.purpose, message.topic)
    }
    if (purpose.kind !== checkedFor) {
      throw new Refusal(
        'purpose-changed',
        `The purpose "${message.purpose}" has just changed. Repeat the request.`,
      )
    }
    const put = await nextVersion(tx, 'message', key, message)
    const row = {
      key,
      version: put.version,
      profile: profileKey,
      purpose: message.purpose,
      definition: message,
      updatedAt: await databaseNow(tx),
    }
    await tx.insert(messages).values(row).onConflictDoUpdate({ target: messages.key, set: row })
    const problems = variableWarnings(variables, await readSources(tx, key))
    if (profileKey !== purpose.profile) problems.push(otherProfile(profileKey, message, purpose.profile))
    return { version: put.version, problems }
  })
}

/**
 * Tries the templates in a thread and before any transaction, so that a slow template holds no lock.
 * @returns the kind of purpose they were checked for, null where there is no such purpose; and the variables they read
 */
async function checkTemplates(
  deps: Deps,
  key: string,
  message: Message,
): Promise<{ checkedFor: string | null; variables: VariableRead[] }> {
  const [purpose] = await deps.db
    .select({ kind: purposes.kind })
    .from(purposes)
    .where(eq(purposes.key, message.purpose))
  if (purpose === undefined || purpose.kind === 'tracking') return { checkedFor: null, variables: [] }
  const { subject, html, text } = message
  const facts = { purposeKind: purpose.kind }
  const problems = await inThread(
    deps,
    'checkMessage',
    `message:${key}`,
    [{ subject, html, text }, facts],
    tooCostly,
  )
  if (problems.length > 0) {
    throw invalidFields(problems, 'the message')
  }
  return { checkedFor: purpose.kind, variables: await readVariables(deps, key, message) }
}

function otherProfile(profile: string, { purpose }: Message, ofPurpose: string): Problem {
  return {
    severity: 'warning',
    pointer: '/profile',
    code: 'profile-differs',
    message: `The purpose "${purpose}" belongs to the profile "${ofPurpose}". The preference centre of this message shows the purposes of "${profile}" and, of "${ofPurpose}", only this one. Leave profile out, or put the purpose under "${profile}".`,
  }
}
