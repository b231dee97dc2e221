/**
 * Whether silence after a message proves nothing: the message was not sent or not tracked, or the person has refused tracking since. Then
 * a timeout does not mean "not opened", and no person is mailed again because they refused tracking.
 */
import { and, desc, eq } from 'drizzle-orm'
import type { Db } from '../../db/connect.ts'
import { readDecisionInput } from '../../db/reads/decisionInput.ts'
import { messages } from '../../db/schema/definitions.ts'
import { deliveries } from '../../db/schema/deliveries.ts'
import { decide } from '../../domain/consent/decide.ts'
import { awaitsOf } from '../../domain/journey/awaits.ts'
import type { JourneyDefinition } from '../../domain/journey/definition.ts'

/** True where not one of the awaited opens and clicks could have been seen. */
export async function silenceMeansNothing(
  tx: Db,
  channels: ReadonlySet<string>,
  run: string,
  definition: JourneyDefinition,
  step: string,
): Promise<boolean> {
  for (const awaited of awaitsOf(definition, step)) {
    if (awaited.step === null) continue
    const [delivery] = await tx
      .select({ delivery: deliveries, profile: messages.profile })
      .from(deliveries)
      .innerJoin(messages, eq(messages.key, deliveries.message))
      .where(and(eq(deliveries.runId, run), eq(deliveries.step, awaited.step)))
      .orderBy(desc(deliveries.visit))
      .limit(1)
    if (delivery === undefined) continue
    const { tracksOpens, tracksClicks, contactPointId, channel, purpose, topic } = delivery.delivery
    const seen = awaited.trigger === 'message.clicked' ? tracksClicks : tracksOpens
    if (!seen) continue
    const input = await readDecisionInput(
      tx,
      {
        contactPoint: { id: contactPointId },
        channel,
        purpose,
        topic,
        profile: delivery.profile,
        messageAllowsTracking: true,
      },
      channels,
    )
    if (decide(input).tracking.allowed) return false
  }
  return true
}
