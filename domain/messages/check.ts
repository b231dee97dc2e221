/**
 * What a message must and must not hold, asked twice: of its templates when it is put, and of the very words that
 * would leave when it is sent. The second answer is final: a condition in a template may have taken the footer out for
 * this one person, and then nothing is sent.
 */
import { randomBytes } from 'node:crypto'
import { factsOf } from './html.ts'
import { LINK_ID } from './links.ts'
import {
  compileTemplate,
  linksRead,
  type MessageContext,
  type MessageTemplates,
  type RenderedMessage,
  renderMessage,
  TemplateError,
  type TemplateField,
} from './template.ts'
import { textLinks } from './textLinks.ts'

/** One thing wrong, with a JSON pointer (RFC 6901) to the field. */
export type MessageProblem = { readonly pointer: string; readonly message: string }

/** What the check must know of the message's purpose. */
export type MessageFacts = { readonly purposeKind: string }

/** What a commercial mail must show, as it is for this delivery. */
export type RequiredFooter = {
  readonly purposeKind: string
  /** Address of the recipient's preference centre. */
  readonly preferencesUrl: string
  /** The profile's postal address. */
  readonly postalAddress: string
}

const KNOWN_LINKS = ['unsubscribe', 'preferences', 'confirm', 'optIn']
/** Schemes that run code or smuggle a page in, rather than lead to one. */
const DANGEROUS = new Set(['javascript:', 'vbscript:', 'data:', 'blob:', 'file:'])

/** Everything wrong with an e-mail message as it is put; empty where it may be stored. */
export function checkMessage(definition: MessageTemplates, facts: MessageFacts): readonly MessageProblem[] {
  if (facts.purposeKind !== 'commercial' && facts.purposeKind !== 'transactional') {
    return [problem('purpose', 'must be a commercial or a transactional purpose')]
  }
  const problems = missingParts(definition)
  for (const field of ['subject', 'html', 'text'] as const) {
    const source = definition[field]
    if (source) problems.push(...checkTemplate(field, source, facts.purposeKind))
  }
  if (problems.length > 0) return problems
  const context = sentinelContext()
  try {
    const rendered = renderMessage(definition, context.values)
    return [
      ...linkIdProblems(rendered),
      ...checkRendered(rendered, {
        purposeKind: facts.purposeKind,
        preferencesUrl: context.preferencesUrl,
        postalAddress: context.postalAddress,
      }),
    ]
  } catch (error) {
    return [asProblem(error)]
  }
}

/**
 * Everything that forbids sending this rendering. Whoever sends asks this of the final words, before links are
 * exchanged, and sends nothing unless the answer is empty.
 */
export function checkRendered(
  rendered: RenderedMessage,
  required: RequiredFooter,
): readonly MessageProblem[] {
  const problems: MessageProblem[] = []
  if (rendered.subject === '') problems.push(problem('subject', 'renders empty'))
  if (rendered.text.trim() === '') problems.push(problem('text', 'renders empty'))
  const html = factsOf(rendered)
  if (html?.hrefs.some(isDangerous)) {
    problems.push(problem('html', 'has a link that is neither a web address nor mail or phone'))
  }
  // Whatever is not known to be transactional has to carry the footer.
  if (required.purposeKind === 'transactional') return problems
  const { preferencesUrl, postalAddress } = required
  const address = withoutSpace(postalAddress)
  if (address === '') problems.push(problem('profile', 'has no postal address'))
  if (html) {
    const linked = html.anchors.some((anchor) => anchor.visible && anchor.href.trim() === preferencesUrl)
    if (!linked) problems.push(problem('html', MISSING_PREFERENCES))
    if (!withoutSpace(html.text).includes(address)) problems.push(problem('html', MISSING_ADDRESS))
  }
  const linked = textLinks(rendered.text).some((link) => link.url === preferencesUrl)
  if (!linked) problems.push(problem('text', MISSING_PREFERENCES))
  if (!withoutSpace(rendered.text).includes(address)) problems.push(problem('text', MISSING_ADDRESS))
  return problems
}

const MISSING_PREFERENCES = 'must link the preference centre: {{ links.preferences }}'
const MISSING_ADDRESS = 'must show the postal address: {{ profile.postalAddress }}'

function missingParts(definition: MessageTemplates): MessageProblem[] {
  const problems: MessageProblem[] = []
  if (!definition.subject?.trim()) problems.push(problem('subject', 'an e-mail needs a subject'))
  if (!definition.text.trim()) problems.push(problem('text', 'a message needs a text part'))
  return problems
}

function checkTemplate(field: TemplateField, source: string, purposeKind: string): MessageProblem[] {
  try {
    const read = linksRead(field, compileTemplate(field, source))
    const problems: MessageProblem[] = []
    for (const name of read) {
      if (name === null || !KNOWN_LINKS.includes(name)) {
        problems.push(
          problem(field, `reads a link that does not exist; there are links.${KNOWN_LINKS.join(', links.')}`),
        )
      }
    }
    if (purposeKind === 'commercial' && read.has('confirm')) {
      problems.push(problem(field, 'links.confirm is for the transactional message of a double opt-in only'))
    }
    if (purposeKind === 'transactional' && read.has('optIn')) {
      problems.push(problem(field, 'links.optIn asks for a consent, which is for commercial messages only'))
    }
    return problems
  } catch (error) {
    return [asProblem(error)]
  }
}

function linkIdProblems(rendered: RenderedMessage): MessageProblem[] {
  const anchors = factsOf(rendered)?.anchors ?? []
  return anchors.some(({ dataLink }) => dataLink && !LINK_ID.test(dataLink.value.trim()))
    ? [problem('html', 'has a data-link that is not 1 to 64 letters, digits, hyphens or underscores')]
    : []
}

/** Values nothing in a template can equal by chance, so what shows them has read them. */
function sentinelContext(): { values: MessageContext; preferencesUrl: string; postalAddress: string } {
  const mark = randomBytes(16).toString('hex')
  const page = (name: string) => `https://assent.invalid/${name}/${mark}`
  const preferencesUrl = page('preferences')
  const postalAddress = `Postal ${mark}`
  return {
    preferencesUrl,
    postalAddress,
    values: {
      contact: {},
      trigger: {},
      profile: { postalAddress, name: 'Name' },
      links: {
        unsubscribe: page('unsubscribe'),
        preferences: preferencesUrl,
        confirm: page('confirm'),
        optIn: page('opt-in'),
      },
    },
  }
}

/** As a browser reads it: leading control characters and inner line breaks do not hide a scheme. */
function isDangerous(href: string): boolean {
  const url = URL.parse(href, 'https://assent.invalid/')
  return url !== null && DANGEROUS.has(url.protocol)
}

/** Addresses are compared without white space, since a postal address is often broken into lines. */
function withoutSpace(text: string): string {
  return text.replace(/\s+/g, '')
}

function asProblem(error: unknown): MessageProblem {
  if (!(error instanceof TemplateError)) throw error
  return problem(error.field, error.line === null ? error.message : `line ${error.line}: ${error.message}`)
}

function problem(field: string, message: string): MessageProblem {
  return { pointer: `/${field}`, message }
}
