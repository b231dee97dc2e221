/**
 * Makes the mail of a delivery: the words are made in a thread (`domain/messages/renderMail.ts`), the bytes here.
 */
import type { Mail } from '../channels/channel.ts'
import { composeMail, type DkimKey } from '../channels/email/compose.ts'
import type { MessageProblem } from '../domain/messages/check.ts'
import { hashHandle, hashToken, newHandle, newToken } from '../domain/messages/handles.ts'
import { mailHeaders, messageIdOf } from '../domain/messages/headers.ts'
import type { RenderRequest } from '../domain/messages/renderMail.ts'
import type { RenderedMessage } from '../domain/messages/template.ts'
import type { Profile } from '../domain/shapes/profile.ts'
import { inSpan } from '../telemetry/spans.ts'
import type { Rendering } from '../transactions/deliveries/claimDelivery.ts'
import type { Assessment, Content } from '../transactions/deliveries/origin.ts'
import type { Deps } from '../transactions/deps.ts'

/** The message cannot be sent as it stands, to this person or to anybody. Its message quotes the template only. */
export class CannotRender extends Error {
  readonly reason: string

  constructor(reason: string) {
    super(reason)
    this.name = 'CannotRender'
    this.reason = reason
  }
}

/** What stands in the kept text of a confirmation in place of its token. */
const tokenLeftOut = '[token]'

/**
 * @throws CannotRender, HeaderError, ComposeError where the mail cannot be made
 * @throws DkimKeyError where the key that signs it cannot be used now
 * @throws JobStopped where rendering it took too long, or too much memory
 */
export async function renderDelivery(
  deps: Deps,
  assessment: Assessment,
  content: Content,
  publicUrl: string,
): Promise<{ rendering: Rendering; mail: Mail }> {
  const { origin, intended, decision } = assessment
  const { address, profile } = content
  if (address === null) throw new CannotRender('cannot-render: unknown-contact-point')
  // Whatever is not known to be transactional has to carry the footer.
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
  const made = await inSpan({ name: 'render', kind: 'internal' }, () =>
    deps.threads.run('renderMail', `message:${intended.message.key}`, [request]),
  )
  const [problem] = made.problems
  if (problem !== undefined) throw new CannotRender(reasonOf(problem))
  const { plain, sent, tracked } = made
  if (plain === null || sent === null) throw new Error('a mail without problems was not rendered')
  const messageId = messageIdOf(origin.ref.delivery, profile.sender.email)
  const mail = await composeMail({
    from: { name: profile.sender.name, email: profile.sender.email },
    to: address,
    message: sent,
    messageId,
    date: new Date(),
    headers: mailHeaders(purposeKind, links.unsubscribe),
    dkim: await signingKey(deps, profile),
  })
  return {
    mail,
    rendering: {
      ready: true,
      assessment,
      handleHash: hashHandle(handle),
      links: tracked.map(({ id, ...link }) => ({ ...link, link: id })),
      tracksOpens: request.tracking !== null && sent.html !== null,
      tracksClicks: tracked.length > 0,
      providerId: messageId,
      confirmation: token === null ? null : { tokenHash: hashToken(token), text: withoutToken(plain, token) },
    },
  }
}

/** The key that signs a profile's mail; undefined where its relay does. @throws DkimKeyError */
export async function signingKey(deps: Deps, { sender: { dkim } }: Profile): Promise<DkimKey | undefined> {
  if (dkim === undefined) return undefined
  const { domain, selector, keyFile } = dkim
  return { domain, selector, privateKey: await deps.dkimKeys.read(keyFile) }
}

function reasonOf({ code, pointer, message }: MessageProblem): string {
  const field = pointer.slice(1)
  switch (code) {
    case 'template-syntax':
    case 'template-render':
      return `template-error: ${field}`
    case 'template-limit':
      return `template-limit: ${field}`
    default:
      return `cannot-render: ${field}: ${message}`
  }
}

/** The exact text is evidence; the token in it would let whoever reads the evidence confirm. */
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
