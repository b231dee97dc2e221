/**
 * Prepares the message of a delivery. A thread renders the content (`domain/messages/renderMail.ts`), in the same way for every channel;
 * the channel then turns it into what it sends.
 */
import type { Channel, Outgoing, Prepared } from '../channels/channel.ts'
import { EnvironmentFault, MessageFault, RenderingStopped } from '../domain/delivery/faults.ts'
import type { MessageProblem } from '../domain/messages/check.ts'
import { hashHandle, hashToken, newHandle, newToken } from '../domain/messages/handles.ts'
import type { RenderOutcome, RenderRequest } from '../domain/messages/renderMail.ts'
import type { RenderedMessage } from '../domain/messages/template.ts'
import { inSpan } from '../telemetry/spans.ts'
import { JobFailed, JobStopped } from '../threads/pool.ts'
import type { Rendering } from '../transactions/deliveries/claimDelivery.ts'
import type { Assessment, Content } from '../transactions/deliveries/origin.ts'
import type { Deps } from '../transactions/deps.ts'
import type { Means } from './means.ts'

/** Replaces the token in the stored text of a confirmation. */
const tokenLeftOut = '[token]'

export type PreparedDelivery = { channel: Channel; prepared: Prepared; rendering: Rendering }

/**
 * @throws MessageFault if the message cannot be made for this person
 * @throws EnvironmentFault if a key, a channel or a thread cannot be used now
 * @throws RenderingStopped if rendering took too long or too much memory
 */
export async function prepareDelivery(
  { deps, channels, publicUrl }: Means,
  assessment: Assessment,
  content: Content,
): Promise<PreparedDelivery> {
  const { origin, intended, decision } = assessment
  const { address, profile } = content
  const channel = channels.get(intended.channel)
  if (address === null) throw new MessageFault('cannot-render: unknown-contact-point')
  // Every message gets the footer unless its purpose is known to be transactional.
  const purposeKind = intended.input.purpose.known ? intended.input.purpose.kind : 'commercial'
  const handle = newHandle()
  const token = origin.ref.kind === 'double-opt-in' ? newToken() : null
  const page = (path: string) => new URL(path, publicUrl).href
  const links = {
    unsubscribe: page(`/unsubscribe/${handle}`),
    preferences: page(`/preferences/${handle}`),
    ...(token === null ? {} : { confirm: page(`/confirm/${token}`) }),
  }
  const { subject: line, html, text } = content.message
  const request: RenderRequest = {
    templates: { subject: line, html, text },
    context: {
      contact: content.contact ?? { email: address },
      trigger: content.trigger,
      profile: {
        name: profile.name,
        postalAddress: profile.postalAddress,
        sender: profile.sender,
        locale: profile.locale,
      },
      links,
    },
    footer: { purposeKind, preferencesUrl: links.preferences, postalAddress: profile.postalAddress },
    tracking: decision.tracking.allowed ? { handle, publicUrl } : null,
  }
  const { plain, sent, tracked } = await wordsOf(deps, assessment, request)
  const outgoing: Outgoing = {
    id: origin.ref.delivery,
    to: address,
    profile,
    message: sent,
    occasion: { kind: 'delivery', purposeKind, unsubscribeUrl: links.unsubscribe },
  }
  const prepared = await channel.prepare(outgoing)
  return {
    channel,
    prepared,
    rendering: {
      ready: true,
      assessment,
      handleHash: hashHandle(handle),
      links: tracked.map(({ id, ...link }) => ({ ...link, link: id })),
      tracksOpens: request.tracking !== null && sent.html !== null,
      tracksClicks: tracked.length > 0,
      providerId: prepared.providerId,
      idempotent: channel.idempotent,
      confirmation: token === null ? null : { tokenHash: hashToken(token), text: withoutToken(plain, token) },
    },
  }
}

type Words = { plain: RenderedMessage; sent: RenderedMessage; tracked: RenderOutcome['tracked'] }

/** Renders and checks the content in a thread, and decides how a stopped or failed job counts. */
async function wordsOf(deps: Deps, { origin, intended }: Assessment, request: RenderRequest): Promise<Words> {
  const render = () => deps.threads.run('renderMail', `message:${intended.message.key}`, [request])
  const made = await inSpan({ name: 'render', kind: 'internal' }, render).catch((error: unknown): never => {
    if (error instanceof JobStopped) throw stopOf(error)
    if (!(error instanceof JobFailed)) throw error
    const { delivery } = origin.ref
    deps.log.error(
      { delivery, kind: error.kind },
      'Rendering a message failed unexpectedly, so its delivery fails.',
    )
    throw new MessageFault('cannot-render: unexpected')
  })
  const [problem] = made.problems
  if (problem !== undefined) throw new MessageFault(reasonOf(problem))
  const { plain, sent, tracked } = made
  if (plain === null || sent === null) throw new Error('a message without problems was not rendered')
  return { plain, sent, tracked }
}

function stopOf({ code }: JobStopped): RenderingStopped | EnvironmentFault {
  switch (code) {
    case 'deadline':
    case 'memory':
      return new RenderingStopped(`rendering-too-costly: ${code}`)
    case 'busy':
    case 'closed':
      return new EnvironmentFault(`rendering-${code}`)
    default:
      return code satisfies never
  }
}

function reasonOf({ code, pointer }: MessageProblem): string {
  const field = pointer.slice(1)
  switch (code) {
    case 'template-syntax':
    case 'template-render':
      return `template-error: ${field}`
    case 'template-limit':
      return `template-limit: ${field}`
    default:
      return `cannot-render: ${field}: ${code}`
  }
}

/** The exact text is kept as evidence, without the token: with it, a reader of the evidence could confirm. */
function withoutToken(
  plain: RenderedMessage,
  token: string,
): { subject: string; html: string | null; text: string } {
  const leave = (text: string) => text.replaceAll(token, tokenLeftOut)
  return {
    subject: plain.subject,
    html: plain.html === null ? null : leave(plain.html),
    text: leave(plain.text),
  }
}
