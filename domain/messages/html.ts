/**
 * Reads the HTML of a mail by the parsing rules of mail programs (WHATWG HTML, parse5), and finds the positions of its
 * links in the source, so that they can be replaced without touching any other byte.
 */
import { type DefaultTreeAdapterTypes, defaultTreeAdapter, html as names, parse } from 'parse5'

type Node = DefaultTreeAdapterTypes.Node
type Element = DefaultTreeAdapterTypes.Element

/** A range of the source, end exclusive. */
export type Span = { readonly start: number; readonly end: number }

/** One `<a href>` or `<area href>` of the source, in the order of the source. */
export type Anchor = {
  /** The attribute's value, entities decoded. */
  readonly href: string
  /** The whole attribute, `href="…"`. */
  readonly hrefSpan: Span
  /** The `data-link` attribute, where there is one. */
  readonly dataLink: { readonly value: string; readonly span: Span } | null
  /** Whether there is something to see and click: text or an image. */
  readonly visible: boolean
}

/** The facts that checks and link rewriting need about the HTML of a mail. */
export type HtmlFacts = {
  readonly anchors: readonly Anchor[]
  /** `data-link` attributes of `a` and `area` without an `href`. */
  readonly strayDataLinks: readonly Span[]
  /** The text a reader sees, in order, without markup, comments, styles and scripts. */
  readonly text: string
  /** Every `href` and `xlink:href` of any element, decoded. */
  readonly hrefs: readonly string[]
  /**
   * Where to append an element to the body: before its end tag, else before the end tag of `html`, else at the end,
   * which every parser counts as the body too.
   */
  readonly bodyEnd: number
}

const UNSEEN = new Set(['head', 'title', 'style', 'script', 'template', 'noscript', 'textarea'])

/** Reads the HTML. Never throws: like a browser, it parses any text. */
export function readHtml(html: string): HtmlFacts {
  // Mail programs run no scripts, so the content of <noscript> counts.
  const document = parse(html, { sourceCodeLocationInfo: true, scriptingEnabled: false })
  const anchors = new Map<number, Anchor>()
  const stray = new Map<number, Span>()
  const hrefs: string[] = []
  const text: string[] = []
  let bodyEnd = html.length

  const nodes = inDocumentOrder(document)
  const showing = showSomething(nodes)
  for (const [index, { node, seen }] of nodes.entries()) {
    if (defaultTreeAdapter.isTextNode(node)) {
      if (seen) text.push(node.value)
      continue
    }
    if (!defaultTreeAdapter.isElementNode(node)) continue
    const end = node.sourceCodeLocation?.endTag?.startOffset
    if (end !== undefined && (node.tagName === 'body' || node.tagName === 'html'))
      bodyEnd = Math.min(bodyEnd, end)
    for (const { name, value } of node.attrs) {
      if (name === 'href') hrefs.push(value)
    }
    if (!isLink(node)) continue
    const dataLink = attribute(node, 'data-link')
    const href = attribute(node, 'href')
    if (!href) {
      if (dataLink) stray.set(dataLink.span.start, dataLink.span)
      continue
    }
    // The parser repeats an <a> that is wrongly nested: two elements, one position in the source.
    const visible = node.tagName === 'area' || showing[index] === true
    const twin = anchors.get(href.span.start)
    anchors.set(href.span.start, {
      href: href.value,
      hrefSpan: href.span,
      dataLink,
      visible: visible || twin?.visible === true,
    })
  }
  const inOrder = [...anchors.values()].sort((a, b) => a.hrefSpan.start - b.hrefSpan.start)
  return { anchors: inOrder, strayDataLinks: [...stray.values()], text: text.join(''), hrefs, bodyEnd }
}

const known = new WeakMap<object, HtmlFacts>()

/** Facts of a message's HTML, parsed once for each rendering; null without an HTML part. */
export function factsOf(rendered: { readonly html: string | null }): HtmlFacts | null {
  if (rendered.html === null) return null
  const facts = known.get(rendered) ?? readHtml(rendered.html)
  known.set(rendered, facts)
  return facts
}

function isLink(element: Element): boolean {
  return element.namespaceURI === names.NS.HTML && (element.tagName === 'a' || element.tagName === 'area')
}

function attribute(element: Element, name: string): { value: string; span: Span } | null {
  const value = element.attrs.find((attr) => attr.name === name && !attr.prefix)?.value
  const place = element.sourceCodeLocation?.attrs?.[name]
  return value === undefined || !place
    ? null
    : { value, span: { start: place.startOffset, end: place.endOffset } }
}

/** A node, the index of its parent in the same list, and whether a reader sees its content. */
type Place = { readonly node: Node; readonly parent: number; readonly seen: boolean }

/**
 * For each place whether it contains text or an image, at any depth. One pass from the last node to the first, since
 * children come after their parents. Links can be nested, so searching each one would take quadratic time.
 */
function showSomething(places: readonly Place[]): readonly boolean[] {
  const shows = places.map(
    ({ node }) =>
      (defaultTreeAdapter.isTextNode(node) && node.value.trim() !== '') ||
      (defaultTreeAdapter.isElementNode(node) && node.tagName === 'img'),
  )
  for (let at = places.length - 1; at > 0; at--) {
    const parent = places[at]?.parent
    if (shows[at] && parent !== undefined) shows[parent] = true
  }
  return shows
}

/** All nodes in document order; not recursive, since the sender chooses the depth. */
function inDocumentOrder(root: Node): readonly Place[] {
  const places: Place[] = []
  const open: Place[] = [{ node: root, parent: 0, seen: true }]
  for (let next = open.pop(); next; next = open.pop()) {
    const { node } = next
    const parent = places.push(next) - 1
    if (!('childNodes' in node)) continue
    const seen = next.seen && !(defaultTreeAdapter.isElementNode(node) && UNSEEN.has(node.tagName))
    const children = 'content' in node ? node.content.childNodes : node.childNodes
    for (const child of children.toReversed()) open.push({ node: child, parent, seen })
  }
  return places
}
