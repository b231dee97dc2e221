/**
 * Makes the mail of a delivery: renders the templates for this person, checks the very words that would leave, and exchanges
 * links and adds the pixel where tracking is permitted, and only there.
 */

import type { Mail } from '../channels/channel.ts'
import { composeMail } from '../channels/email/compose.ts'
import { checkRendered } from '../domain/messages/check.ts'
import { hashHandle, linkToken, newHandle, newToken } from '../domain/messages/handles.ts'
import { mailHeaders, messageIdOf } from '../domain/messages/headers.ts'
import { rewriteLinks } from '../domain/messages/links.ts'
import { type MessageLinks, type RenderedMessage, renderMessage } from '../domain/messages/template.ts'
import type { Rendering } from '../transactions/deliveries/claimDelivery.ts'
import type { Content, Subject } from '../transactions/deliveries/subject.ts'

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

/** @throws CannotRender, TemplateError, ComposeError */
export async function renderDelivery(
  subject: Subject,
  content: Content,
  publicUrl: string,
): Promise<{ rendering: Rendering; mail: Mail }> {
  const { sender, matter, decision } = subject
  const { address, profile } = content
  if (address === null) throw new CannotRender('unknown-contact-point')
  // Whatever is not known to be transactional has to carry the footer.
  const purposeKind = matter.input.purpose.known ? matter.input.purpose.kind : 'commercial'
  const handle = newHandle()
  const token = sender.ref.kind === 'double-opt-in' ? newToken() : null
  const page = (path: string) => new URL(path, publicUrl).href
  const links: MessageLinks = {
    unsubscribe: page(`/unsubscribe/${handle}`),
    preferences: page(`/preferences/${handle}`),
    ...(token === null ? {} : { confirm: page(`/confirm/${token}`) }),
  }
  const plain = renderMessage(content.message, {
    contact: content.contact ?? { email: address },
    trigger: content.trigger,
    profile: {
      name: profile.name,
      postalAddress: profile.postalAddress,
      sender: profile.sender,
      locale: profile.locale,
    },
    links,
  })
  const problems = checkRendered(plain, {
    purposeKind,
    preferencesUrl: links.preferences ?? '',
    postalAddress: profile.postalAddress,
  })
  const [problem] = problems
  if (problem !== undefined) throw new CannotRender(`${problem.pointer.slice(1)}: ${problem.message}`)

  const own = new Set(Object.values(links).filter((link) => link !== undefined))
  const tracked = decision.tracking.allowed
  const { message, stored } = tracked
    ? track(plain, own, handle, page)
    : { message: rewriteLinks(plain, own, (url) => url), stored: [] }
  const messageId = messageIdOf(sender.claimKey, profile.sender.email)
  const mail = await composeMail({
    from: { name: profile.sender.name, email: profile.sender.email },
    to: address,
    message,
    messageId,
    date: new Date(),
    headers: mailHeaders(purposeKind, links.unsubscribe ?? null),
    dkim: profile.sender.dkim,
  })
  return {
    mail,
    rendering: {
      ready: true,
      subject,
      handleHash: hashHandle(handle),
      links: stored,
      tracksOpens: tracked && message.html !== null,
      tracksClicks: tracked && stored.length > 0,
      providerId: messageId,
      confirmation:
        token === null ? null : { tokenHash: hashHandle(token), text: withoutToken(plain, token) },
    },
  }
}

/** Every link leads over our redirect, by a token of its own; the pixel asks for the handle. */
function track(
  plain: RenderedMessage,
  own: ReadonlySet<string>,
  handle: string,
  page: (path: string) => string,
): { message: RenderedMessage; stored: Rendering['links'] } {
  const stored = new Map<number, Rendering['links'][number]>()
  const redirect = (url: string, link: string, position: number) => {
    const token = linkToken(handle, position)
    stored.set(position, { tokenHash: hashHandle(token), position, link, url })
    return page(`/t/${token}`)
  }
  const message = rewriteLinks(plain, own, redirect, page(`/o/${handle}`))
  return { message, stored: [...stored.values()] }
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
