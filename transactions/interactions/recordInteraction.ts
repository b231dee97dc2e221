/**
 * Records that a message was opened or one of its links clicked, as a trigger of its contact, while tracking is permitted now:
 * a pixel or link from before a withdrawal of tracking is inert after it.
 *
 * However often it is fetched, one minute counts once for each delivery, link and class: a loop cannot flood the contact.
 *
 * Lock: the contact, by `takeTrigger`.
 */
import { eq } from 'drizzle-orm'
import { readDecisionInput } from '../../db/reads/decisionInput.ts'
import type { DeliveryRow } from '../../db/reads/deliveryByHandle.ts'
import { messages } from '../../db/schema/definitions.ts'
import { decide } from '../../domain/consent/decide.ts'
import type { InteractionClass } from '../../domain/interactions/classify.ts'
import { messageShape } from '../../domain/shapes/message.ts'
import type { Deps } from '../deps.ts'
import { type IncomingEvent, takeTrigger } from '../intake/takeTrigger.ts'

export type Interaction = {
  delivery: DeliveryRow
  class: InteractionClass
} & ({ kind: 'opened' } | { kind: 'clicked'; position: number; link: string; url: string })

/** @returns whether it was recorded, or why not */
export async function recordInteraction(
  deps: Deps,
  interaction: Interaction,
): Promise<'recorded' | 'not-tracked' | 'counted-already'> {
  const { delivery, kind } = interaction
  const tracked = kind === 'opened' ? delivery.tracksOpens : delivery.tracksClicks
  if (!tracked) return 'not-tracked'
  const now = await trackedAt(deps, delivery)
  if (now === null) return 'not-tracked'
  const taken = await takeTrigger(deps, eventOf(interaction, now))
  return taken.duplicate ? 'counted-already' : 'recorded'
}

/** The moment of the decision, by the database's clock; null where tracking is not permitted now. */
async function trackedAt(deps: Deps, delivery: DeliveryRow): Promise<string | null> {
  const [message] = await deps.db
    .select({ profile: messages.profile, definition: messages.definition })
    .from(messages)
    .where(eq(messages.key, delivery.message))
  const allowed = message === undefined || messageShape.parse(message.definition).tracking !== false
  const input = await readDecisionInput(
    deps.db,
    {
      contactPoint: { id: delivery.contactPointId },
      channel: delivery.channel,
      purpose: delivery.purpose,
      topic: delivery.topic,
      profile: message?.profile ?? null,
      messageAllowsTracking: allowed,
    },
    deps.channels,
  )
  return decide(input).tracking.allowed ? input.now : null
}

function eventOf(interaction: Interaction, now: string): IncomingEvent {
  const { delivery, kind } = interaction
  const clicked = kind === 'clicked' ? { link: interaction.link, url: interaction.url } : {}
  const which = kind === 'clicked' ? String(interaction.position) : 'pixel'
  const minute = now.slice(0, 'yyyy-mm-ddThh:mm'.length)
  return {
    name: `message.${kind}`,
    sender: 'assent',
    senderEvent: [delivery.id, kind, which, interaction.class, minute].join(' '),
    contactId: delivery.contactId,
    contactPointId: delivery.contactPointId,
    deliveryId: delivery.id,
    class: interaction.class,
    payload: {
      message: delivery.message,
      delivery: delivery.id,
      journey: delivery.journey,
      step: delivery.step,
      ...clicked,
      class: interaction.class,
    },
  }
}
