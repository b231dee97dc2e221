/**
 * What a message must and must not contain. Checked twice: the templates when the message is put, and the rendered
 * content when it is sent. The second check decides: a condition in a template may have removed the footer for this
 * person, and then nothing is sent.
 */
import { randomBytes } from 'node:crypto'
import type { RefusalCode } from '../refusal.ts'
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
  type TemplateErrorCode,
  type TemplateField,
} from './template.ts'
import { LONGEST_LINK, textLinks } from './textLinks.ts'

/** One problem, with a JSON pointer (RFC 6901) to the field. `code` is stable and machine-readable. */
export type MessageProblem = {
  readonly pointer: string
  readonly code: MessageProblemCode
  readonly message: string
}

/** Of the catalogue of refusals, which says what each means. */
type MessageProblemCode = Extract<
  RefusalCode,
  | `template-${TemplateErrorCode}`
  | 'missing-part'
  | 'renders-empty'
  | 'missing-footer'
  | 'unknown-link'
  | 'wrong-link'
  | 'link-not-allowed'
  | 'link-name'
  | 'too-many-links'
  | 'link-too-long'
  | 'wrong-purpose'
>

/** What the check needs to know about the message's purpose. */
export type MessageFacts = { readonly purposeKind: string }

/** What a commercial mail must show, with the values of this delivery. */
export type RequiredFooter = {
  readonly purposeKind: string
  /** Address of the recipient's preference centre. */
  readonly preferencesUrl: string
  /** The profile's postal address. */
  readonly postalAddress: string
}

/** Links in one part of a mail. */
const MOST_LINKS = 1_000

const KNOWN_LINKS = ['unsubscribe', 'preferences', 'confirm', 'optIn']
/** Schemes that run code or contain a page instead of leading to one. */
const DANGEROUS = new Set(['javascript:', 'vbscript:', 'data:', 'blob:', 'file:'])

/** Everything that is wrong with an e-mail message; empty if it may be stored. */
export function checkMessage(definition: MessageTemplates, facts: MessageFacts): readonly MessageProblem[] {
  if (facts.purposeKind !== 'commercial' && facts.purposeKind !== 'transactional') {
    return [problem('purpose', 'wrong-purpose', 'The purpose must be commercial or transactional.')]
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
 * All problems that forbid sending this rendering. The caller checks the final content before links are replaced, and
 * sends only if the result is empty.
 */
export function checkRendered(
  rendered: RenderedMessage,
  required: RequiredFooter,
): readonly MessageProblem[] {
  const problems: MessageProblem[] = []
  if (rendered.subject === '')
    problems.push(problem('subject', 'renders-empty', 'The subject renders empty with these values.'))
  if (rendered.text.trim() === '')
    problems.push(problem('text', 'renders-empty', 'The text renders empty with these values.'))
  const html = factsOf(rendered)
  const inText = textLinks(rendered.text)
  if (html !== null) problems.push(...linkProblems('html', html.hrefs))
  problems.push(
    ...linkProblems(
      'text',
      inText.map((link) => link.url),
    ),
  )
  // Everything that is not known to be transactional must contain the footer.
  if (required.purposeKind === 'transactional') return problems
  const { preferencesUrl, postalAddress } = required
  const address = withoutSpace(postalAddress)
  if (address === '')
    problems.push(problem('profile', 'missing-footer', 'The profile has no postal address.'))
  if (html) {
    const linked = html.anchors.some((anchor) => anchor.visible && anchor.href.trim() === preferencesUrl)
    if (!linked) problems.push(problem('html', 'missing-footer', MISSING_PREFERENCES))
    if (!withoutSpace(html.text).includes(address))
      problems.push(problem('html', 'missing-footer', MISSING_ADDRESS))
  }
  const linked = inText.some((link) => link.url === preferencesUrl)
  if (!linked) problems.push(problem('text', 'missing-footer', MISSING_PREFERENCES))
  if (!withoutSpace(rendered.text).includes(address))
    problems.push(problem('text', 'missing-footer', MISSING_ADDRESS))
  return problems
}

const MISSING_PREFERENCES = 'This part must link the preference centre: {{ links.preferences }}.'
const MISSING_ADDRESS = 'This part must show the postal address: {{ profile.postalAddress }}.'

function missingParts(definition: MessageTemplates): MessageProblem[] {
  const problems: MessageProblem[] = []
  if (!definition.subject?.trim())
    problems.push(problem('subject', 'missing-part', 'An e-mail needs a subject.'))
  if (!definition.text.trim()) problems.push(problem('text', 'missing-part', 'A message needs a text part.'))
  return problems
}

function checkTemplate(field: TemplateField, source: string, purposeKind: string): MessageProblem[] {
  try {
    const read = linksRead(field, compileTemplate(field, source))
    const problems: MessageProblem[] = []
    for (const name of read) {
      if (name === null || !KNOWN_LINKS.includes(name)) {
        problems.push(
          problem(
            field,
            'unknown-link',
            `This link does not exist. Use links.${KNOWN_LINKS.join(', links.')}.`,
          ),
        )
      }
    }
    if (purposeKind === 'commercial' && read.has('confirm')) {
      problems.push(
        problem(
          field,
          'wrong-link',
          'links.confirm works only in the transactional message of a double opt-in.',
        ),
      )
    }
    if (purposeKind === 'transactional' && read.has('optIn')) {
      problems.push(
        problem(
          field,
          'wrong-link',
          'links.optIn asks for a consent, so it works only in commercial messages.',
        ),
      )
    }
    return problems
  } catch (error) {
    return [asProblem(error)]
  }
}

function linkIdProblems(rendered: RenderedMessage): MessageProblem[] {
  const anchors = factsOf(rendered)?.anchors ?? []
  return anchors.some(({ dataLink }) => dataLink && !LINK_ID.test(dataLink.value.trim()))
    ? [problem('html', 'link-name', 'A data-link must be 1 to 64 letters, digits, hyphens or underscores.')]
    : []
}

/** Random values that no template contains by chance: if they appear in the output, the template used them. */
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

/** Each link costs a row and a redirect, and parsing a long one costs more than its length. */
function linkProblems(field: 'html' | 'text', urls: readonly string[]): MessageProblem[] {
  if (urls.length > MOST_LINKS) {
    return [problem(field, 'too-many-links', `This part has more than ${MOST_LINKS} links.`)]
  }
  if (urls.some((url) => url.length > LONGEST_LINK)) {
    return [problem(field, 'link-too-long', `A link has more than ${LONGEST_LINK} characters. Shorten it.`)]
  }
  const dangerous = field === 'html' && urls.some(isDangerous)
  return dangerous
    ? [problem(field, 'link-not-allowed', 'A link runs code. Use https:, http:, mailto: or tel:.')]
    : []
}

/** The scheme as a browser reads it: leading control characters and inner line breaks do not hide it. */
function isDangerous(href: string): boolean {
  const url = URL.parse(href, 'https://assent.invalid/')
  return url !== null && DANGEROUS.has(url.protocol)
}

/** Addresses are compared without white space, since a postal address is often broken into lines. */
function withoutSpace(text: string): string {
  return text.replace(/\s+/g, '')
}

/** A template's error as a problem of its part. @throws any error that is not a `TemplateError` */
export function asProblem(error: unknown): MessageProblem {
  if (!(error instanceof TemplateError)) throw error
  const message = `${error.line === null ? '' : `Line ${error.line}: `}${error.message}.`
  return problem(error.field, `template-${error.code}`, message)
}

function problem(field: string, code: MessageProblemCode, message: string): MessageProblem {
  return { pointer: `/${field}`, code, message }
}
