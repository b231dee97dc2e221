/**
 * Records that a message was opened or one of its links clicked, as a trigger of its contact, while tracking is permitted now:
 * a pixel or link from before a withdrawal of tracking is inert after it.
 *
 * However often it is fetched, one minute counts once for each delivery, link and class: a loop cannot flood the contact.
 *
 * Lock: the contact, by `takeTrigger`.
 */
import { eq, sql } from 'drizzle-orm'
import { readDecisionInput } from '../../db/reads/decisionInput.ts'
import type { Mail } from '../../db/reads/mailByHandle.ts'
import { contactPoints } from '../../db/schema/contacts.ts'
import { messages } from '../../db/schema/definitions.ts'
import { deliveries } from '../../db/schema/deliveries.ts'
import { decide } from '../../domain/consent/decide.ts'
import type { InteractionClass } from '../../domain/interactions/classify.ts'
import { messageShape } from '../../domain/shapes/message.ts'
import type { Deps } from '../deps.ts'
import { type IncomingEvent, takeTrigger } from '../intake/takeTrigger.ts'

export type Interaction = {
  mail: Mail
  class: InteractionClass
} & ({ kind: 'opened' } | { kind: 'clicked'; position: number; link: string; url: string })

/** @returns whether it was recorded, or why not */
export async function recordInteraction(
  deps: Deps,
  interaction: Interaction,
): Promise<'recorded' | 'not-tracked' | 'counted-already'> {
  const { mail, kind } = interaction
  const tracked = kind === 'opened' ? mail.tracksOpens : mail.tracksClicks
  if (!tracked) return 'not-tracked'
  const about = await readAbout(deps, mail)
  const now = about === undefined ? null : await trackedAt(deps, mail, about)
  if (about === undefined || now === null) return 'not-tracked'
  const taken = await takeTrigger(deps, eventOf(interaction, about, now))
  return taken.duplicate ? 'counted-already' : 'recorded'
}

/** `journey` and `step` are null where the delivery is for none, or is gone: links outlive it. */
type About = {
  channel: string
  profile: string | null
  message: unknown
  journey: string | null
  step: string | null
}

async function readAbout(deps: Deps, mail: Mail): Promise<About | undefined> {
  const [row] = await deps.db
    .select({
      channel: contactPoints.channel,
      profile: messages.profile,
      message: sql<unknown>`${messages.definition}`,
      journey: deliveries.journey,
      step: deliveries.step,
    })
    .from(contactPoints)
    .leftJoin(messages, eq(messages.key, mail.message))
    .leftJoin(deliveries, eq(deliveries.id, mail.deliveryId))
    .where(eq(contactPoints.id, mail.contactPointId))
  return row
}

/** The moment of the decision, by the database's clock; null where tracking is not permitted now. */
async function trackedAt(
  deps: Deps,
  mail: Mail,
  { channel, profile, message }: About,
): Promise<string | null> {
  const allowed = message === null || messageShape.parse(message).tracking !== false
  const input = await readDecisionInput(
    deps.db,
    {
      contactPoint: { id: mail.contactPointId },
      channel,
      purpose: mail.purpose,
      topic: mail.topic,
      profile,
      messageAllowsTracking: allowed,
    },
    deps.channels,
  )
  return decide(input).tracking.allowed ? input.now : null
}

function eventOf(interaction: Interaction, { journey, step }: About, now: string): IncomingEvent {
  const { mail, kind } = interaction
  const { deliveryId: delivery, message } = mail
  const clicked = kind === 'clicked' ? { link: interaction.link, url: interaction.url } : {}
  const which = kind === 'clicked' ? String(interaction.position) : 'pixel'
  const minute = now.slice(0, 'yyyy-mm-ddThh:mm'.length)
  return {
    name: `message.${kind}`,
    sender: 'assent',
    senderEvent: [delivery, kind, which, interaction.class, minute].join(' '),
    contactId: mail.contactId,
    contactPointId: mail.contactPointId,
    deliveryId: delivery,
    class: interaction.class,
    payload: { message, delivery, journey, step, ...clicked, class: interaction.class },
  }
}
