/**
 * Finds the links of a rendered mail and replaces their URLs. Every other byte stays as it was.
 *
 * A link is an http(s) URL in `<a href>` or `<area href>` of the HTML, or in the text part. It has an id, the
 * `data-link` attribute (removed from what is sent) or `link-N`, and a position: the same URL with the same id is
 * one link, in both parts. Our own links (unsubscribe, preferences, confirm, opt in) are never changed: they are
 * permanent, and must work even if tracking is not permitted.
 */
import { type Anchor, factsOf, readHtml, type Span } from './html.ts'
import type { RenderedMessage } from './template.ts'
import { LONGEST_LINK, textLinks } from './textLinks.ts'

/** One link of a mail. */
export type MailLink = {
  /** 1, 2 … in order of first appearance, HTML before text. The link's token is derived from it. */
  readonly position: number
  /** Its name in statistics, waits and `utm_content`. */
  readonly id: string
  /** The URL as the author wrote it. */
  readonly url: string
}

/** Returns the new URL of a link; returning the same URL leaves the mail unchanged there. */
export type Rewrite = (url: string, linkId: string, position: number) => string

/** Valid `data-link` values. Rewriting ignores an invalid one; putting the message refuses it. */
export const LINK_ID = /^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/

/** The links of a rendered mail, without our own. */
export function collectLinks(rendered: RenderedMessage, ownLinks: ReadonlySet<string>): readonly MailLink[] {
  const links = new Map<number, MailLink>()
  rewriteLinks(rendered, ownLinks, (url, id, position) => {
    if (!links.has(position)) links.set(position, { position, id, url })
    return url
  })
  return [...links.values()]
}

/**
 * The names that an HTML template gives its links, under any condition; null if a name is computed while rendering.
 * Links without a name are called `link-N`.
 */
export function linkNames(template: string): string[] | null {
  const { anchors } = readHtml(template)
  const names = anchors.flatMap((anchor) => (anchor.dataLink === null ? [] : [anchor.dataLink.value.trim()]))
  return names.some((name) => name.includes('{')) ? null : names
}

/**
 * Replaces every link's URL with the result of `rewrite` (called once for each occurrence, in order) and removes the
 * `data-link` attributes. To send a mail untracked, return the URL itself.
 *
 * @param pixel URL of an invisible image of one pixel, put at the end of the HTML's body, which a mail program requests when it
 * shows the mail; null: none
 */
export function rewriteLinks(
  rendered: RenderedMessage,
  ownLinks: ReadonlySet<string>,
  rewrite: Rewrite,
  pixel: string | null = null,
): RenderedMessage {
  const book = new LinkBook()
  const html = rewriteHtml(rendered, ownLinks, book, rewrite, pixel)
  const edits: Edit[] = []
  for (const { url, span } of textLinks(rendered.text)) {
    if (!trackable(url) || ownLinks.has(url)) continue
    const link = book.anyOf(url) ?? book.link(url, null)
    edits.push({ span, text: rewrite(url, link.id, link.position) })
  }
  return { subject: rendered.subject, html, text: splice(rendered.text, edits) }
}

type Edit = { readonly span: Span; readonly text: string }

function rewriteHtml(
  rendered: RenderedMessage,
  own: ReadonlySet<string>,
  book: LinkBook,
  rewrite: Rewrite,
  pixel: string | null,
): string | null {
  const { html } = rendered
  const facts = factsOf(rendered)
  if (html === null || facts === null) return null
  const edits: Edit[] = facts.strayDataLinks.map((span) => removal(html, span))
  for (const anchor of facts.anchors) {
    if (anchor.dataLink) edits.push(removal(html, anchor.dataLink.span))
    const url = addressOf(anchor)
    if (url === null || own.has(url)) continue
    const link = book.link(url, linkIdOf(anchor))
    const target = rewrite(url, link.id, link.position)
    if (target !== url) edits.push({ span: anchor.hrefSpan, text: `href="${escapeAttribute(target)}"` })
  }
  if (pixel !== null) {
    const image = `<img src="${escapeAttribute(pixel)}" width="1" height="1" alt="" style="border:0">`
    edits.push({ span: { start: facts.bodyEnd, end: facts.bodyEnd }, text: image })
  }
  return splice(html, edits)
}

/** The http(s) address of an anchor, or null. Line breaks inside are dropped, as every client drops them. */
function addressOf(anchor: Anchor): string | null {
  const url = anchor.href.trim().replace(/[\t\r\n]/g, '')
  return trackable(url) ? url : null
}

function linkIdOf(anchor: Anchor): string | null {
  const id = anchor.dataLink?.value.trim() ?? ''
  return LINK_ID.test(id) ? id : null
}

/** A URL that is too long is not tracked; `checkRendered` refuses the mail that contains it. */
function trackable(url: string): boolean {
  return url.length <= LONGEST_LINK && /^https?:\/\//i.test(url) && URL.canParse(url)
}

/** Removes an attribute together with the white space before it. */
function removal(html: string, span: Span): Edit {
  let start = span.start
  while (/\s/.test(html.charAt(start - 1))) start--
  // If two attributes follow each other without a space, one must remain between their neighbours.
  const glued = !/[\s/>]/.test(html.charAt(span.end))
  return { span: { start, end: span.end }, text: glued ? ' ' : '' }
}

function splice(source: string, edits: readonly Edit[]): string {
  let result = ''
  let at = 0
  for (const { span, text } of edits.toSorted((a, b) => a.span.start - b.span.start)) {
    result += source.slice(at, span.start) + text
    at = span.end
  }
  return result + source.slice(at)
}

function escapeAttribute(text: string): string {
  return text.replace(/&/g, '&amp;').replace(/"/g, '&quot;').replace(/</g, '&lt;')
}

/**
 * Assigns positions and ids. Each lookup takes constant time, however many links there are: an untrusted mail may
 * contain tens of thousands.
 */
class LinkBook {
  #count = 0
  readonly #byUrl = new Map<string, MailLink>()
  readonly #unnamedByUrl = new Map<string, MailLink>()
  /** By id and address; an id holds no space. */
  readonly #named = new Map<string, MailLink>()

  /** The link with this address and id; without an id, the unnamed link with this address. */
  link(url: string, dataLink: string | null): MailLink {
    const known = dataLink === null ? this.#unnamedByUrl.get(url) : this.#named.get(`${dataLink} ${url}`)
    if (known) return known
    const position = ++this.#count
    const link = { position, id: dataLink ?? numbered(position), url }
    this.#named.set(`${link.id} ${url}`, link)
    if (!this.#byUrl.has(url)) this.#byUrl.set(url, link)
    if (isNumbered(link) && !this.#unnamedByUrl.has(url)) this.#unnamedByUrl.set(url, link)
    return link
  }

  /** The first link with this address, named or not. */
  anyOf(url: string): MailLink | undefined {
    return this.#byUrl.get(url)
  }
}

function numbered(position: number): string {
  return `link-${position}`
}

function isNumbered(link: MailLink): boolean {
  return link.id === numbered(link.position)
}
