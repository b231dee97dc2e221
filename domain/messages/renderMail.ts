/**
 * Renders one mail: renders the templates for a person and checks the result. If tracking is permitted, it also leads
 * the links over our redirect and adds the pixel. Pure: the same request gives the same result. Deliveries, previews
 * and test mails all use it, in a thread with a deadline (`threads/`).
 */
import { asProblem, checkRendered, type MessageProblem, type RequiredFooter } from './check.ts'
import { hashToken, linkToken, openToken } from './handles.ts'
import { collectLinks, type MailLink, rewriteLinks } from './links.ts'
import {
  type MessageContext,
  type MessageTemplates,
  type RenderedMessage,
  renderMessage,
  TemplateError,
} from './template.ts'

export type RenderRequest = {
  readonly templates: MessageTemplates
  readonly context: MessageContext
  readonly footer: RequiredFooter
  /** Leads links over `publicUrl` with tokens of this handle, and adds a pixel; null: the mail is not tracked. */
  readonly tracking: { readonly handle: string; readonly publicUrl: string } | null
}

/** A link that leads over our redirect, and the hash of the token it carries. */
type TrackedLink = MailLink & { readonly tokenHash: string }

export type RenderOutcome = {
  /** Everything that forbids sending it. If it is not empty, `sent` is null and `tracked` is empty. */
  readonly problems: readonly MessageProblem[]
  /** Rendered for this person, with the original links; null if a template could not be rendered. */
  readonly plain: RenderedMessage | null
  /** As it leaves: without `data-link` attributes, and with our redirects as links if it is tracked. */
  readonly sent: RenderedMessage | null
  /** The links of the mail, without our own. */
  readonly links: readonly MailLink[]
  /** Empty unless it is tracked. */
  readonly tracked: readonly TrackedLink[]
}

export function renderMail(request: RenderRequest): RenderOutcome {
  const { templates, context, footer, tracking } = request
  let plain: RenderedMessage
  try {
    plain = renderMessage(templates, context)
  } catch (error) {
    if (!(error instanceof TemplateError)) throw error
    return { problems: [asProblem(error)], plain: null, sent: null, links: [], tracked: [] }
  }
  const own = new Set(Object.values(context.links).filter((link) => link !== undefined))
  const problems = checkRendered(plain, footer)
  if (problems.length > 0) {
    return { problems, plain, sent: null, links: collectLinks(plain, own), tracked: [] }
  }
  return { problems, plain, ...(tracking === null ? untracked(plain, own) : track(plain, own, tracking)) }
}

type Exchanged = Pick<RenderOutcome, 'links' | 'tracked'> & { sent: RenderedMessage }

/** Keeps the links; only removes their names. */
function untracked(plain: RenderedMessage, own: ReadonlySet<string>): Exchanged {
  const links = new Map<number, MailLink>()
  const sent = rewriteLinks(plain, own, (url, id, position) => {
    links.set(position, links.get(position) ?? { position, id, url })
    return url
  })
  return { sent, links: [...links.values()], tracked: [] }
}

/** Every link, and the pixel, leads over our redirect with its own token. */
function track(
  plain: RenderedMessage,
  own: ReadonlySet<string>,
  { handle, publicUrl }: { handle: string; publicUrl: string },
): Exchanged {
  const found = new Map<number, { link: TrackedLink; target: string }>()
  const page = (path: string) => new URL(path, publicUrl).href
  const redirect = (url: string, id: string, position: number) => {
    const known = found.get(position)
    if (known !== undefined) return known.target
    const token = linkToken(handle, position)
    const target = page(`/t/${token}`)
    found.set(position, { link: { position, id, url, tokenHash: hashToken(token) }, target })
    return target
  }
  const sent = rewriteLinks(plain, own, redirect, page(`/o/${openToken(handle)}`))
  const tracked = [...found.values()].map(({ link }) => link)
  return { sent, links: tracked.map(({ tokenHash: _, ...link }) => link), tracked }
}
