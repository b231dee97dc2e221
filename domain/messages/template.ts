/**
 * Renders the templates of a message: Liquid over `contact`, `trigger`, `profile` and `links`.
 *
 * - In `html` every output is escaped and nothing switches that off (there is no `raw` filter); `subject` and `text`
 *   are not escaped. An unknown variable renders empty; an unknown filter or tag is an error.
 * - Templates reach no files: `include`, `render`, `layout` and `block` are unknown tags.
 * - Time, memory and output of a rendering are bounded.
 * - A subject comes out on one line, so no contact's name can add a header.
 */
import { Liquid, type Template } from 'liquidjs'

/** The parts of a message that hold templates. */
export type TemplateField = 'subject' | 'html' | 'text'

/** The templates of one message version. */
export type MessageTemplates = {
  readonly subject?: string | undefined
  readonly html?: string | null | undefined
  readonly text: string
}

/**
 * The variables that templates may read. Values are plain JSON; a Date is written as an RFC 3339 string before it gets
 * here.
 */
export type MessageContext = {
  readonly contact: Readonly<Record<string, unknown>>
  readonly trigger: Readonly<Record<string, unknown>>
  readonly profile: Readonly<Record<string, unknown>>
  /** Our own links of this delivery; a link that does not apply is missing and renders empty. */
  readonly links: MessageLinks
}

/** Addresses of our own pages for this delivery. */
type MessageLinks = {
  readonly unsubscribe?: string | undefined
  readonly preferences?: string | undefined
  readonly confirm?: string | undefined
  readonly optIn?: string | undefined
}

/** A message rendered for one person. */
export type RenderedMessage = {
  readonly subject: string
  /** Null if the message has no HTML part. */
  readonly html: string | null
  readonly text: string
}

/** Templates that parsed. */
export type CompiledMessage = {
  readonly subject: readonly Template[]
  readonly html: readonly Template[] | null
  readonly text: readonly Template[]
}

/** `syntax`: the template does not parse. `render`: this rendering failed. `limit`: it took too long or grew too big. */
export type TemplateErrorCode = 'syntax' | 'render' | 'limit'

/** A template that does not parse or cannot be rendered. Its message quotes the template, never a contact's data. */
export class TemplateError extends Error {
  override readonly name = 'TemplateError'
  readonly code: TemplateErrorCode
  readonly field: TemplateField
  /** Line in the template, counted from 1; null if it is not known. */
  readonly line: number | null

  constructor(code: TemplateErrorCode, field: TemplateField, line: number | null, message: string) {
    super(message)
    this.code = code
    this.field = field
    this.line = line
  }
}

/** Milliseconds to render one part. Generous, so that a normal template never fails on a loaded machine. */
const RENDER_LIMIT = 2_000
/** In Liquid's own unit: characters produced, and items visited by filters and ranges. */
const MEMORY_LIMIT = 10_000_000
/**
 * Most characters of a template, and of its output. Mail programs truncate far earlier, and the whole output is encoded
 * and signed.
 */
const PARSE_LIMIT = 1_000_000
const OUTPUT_LIMIT = 500_000
/** Characters of a rendered subject; the rest is cut off (RFC 5322 §2.1.1 bounds a line at 998). */
const SUBJECT_LIMIT = 400
/** Most parsed templates in the cache, and most characters of source they may have together. */
const CACHED_TEMPLATES = 500
const CACHED_CHARACTERS = 5_000_000

const FILE_TAGS = ['include', 'render', 'layout', 'block']

const plainEngine = newEngine(false)
const htmlEngine = newEngine(true)

/**
 * Parses the templates of a message.
 *
 * @throws TemplateError with code `syntax`, for the first part that does not parse
 */
export function compileTemplates(templates: MessageTemplates): CompiledMessage {
  return {
    subject: compileTemplate('subject', templates.subject ?? ''),
    html: templates.html == null ? null : compileTemplate('html', templates.html),
    text: compileTemplate('text', templates.text),
  }
}

/**
 * Parses the template of one part, or takes it from the cache.
 *
 * @throws TemplateError with code `syntax`
 */
export function compileTemplate(field: TemplateField, source: string): readonly Template[] {
  const key = `${field === 'html' ? 'h' : 'p'}${source}`
  const known = cache.get(key)
  if (known) {
    cache.delete(key)
    cache.set(key, known)
    return known
  }
  try {
    const parsed = engineOf(field).parse(source)
    keep(key, parsed)
    return parsed
  } catch (error) {
    throw toTemplateError(error, field, 'syntax')
  }
}

/**
 * Renders a message for one person.
 *
 * @throws TemplateError
 */
export function renderMessage(templates: MessageTemplates, context: MessageContext): RenderedMessage {
  const compiled = compileTemplates(templates)
  return {
    subject: oneLine(renderPart('subject', compiled.subject, context)),
    html: compiled.html === null ? null : renderPart('html', compiled.html, context),
    text: renderPart('text', compiled.text, context),
  }
}

/**
 * The properties of `links` a template reads, anywhere in it; dynamic ones (`links[x]`) as null. Found in the parsed
 * template rather than by rendering, so that a condition cannot hide one.
 */
export function linksRead(field: TemplateField, template: readonly Template[]): ReadonlySet<string | null> {
  const read = new Set<string | null>()
  for (const [root, property] of engineOf(field).variableSegmentsSync([...template])) {
    if (root === 'links') read.add(typeof property === 'string' ? property : null)
  }
  return read
}

/**
 * The variables that a template reads but does not define itself (by `assign`, `for` and the like), each with its line,
 * from 1. Segments computed while rendering are null.
 */
export function globalsOf(
  field: TemplateField,
  template: readonly Template[],
): { path: (string | number | null)[]; line: number }[] {
  const { globals } = engineOf(field).analyzeSync([...template], { partials: false })
  return Object.values(globals)
    .flat()
    .map(({ segments, location }) => ({
      path: segments.map((segment) => (typeof segment === 'object' ? null : segment)),
      line: location.row,
    }))
}

function renderPart(field: TemplateField, template: readonly Template[], context: MessageContext): string {
  let output: unknown
  try {
    output = engineOf(field).renderSync([...template], { ...context })
  } catch (error) {
    throw toTemplateError(error, field, 'render')
  }
  const text = String(output).toWellFormed()
  if (text.length > OUTPUT_LIMIT) {
    throw new TemplateError(
      'limit',
      field,
      null,
      `The template renders to more than ${OUTPUT_LIMIT} characters`,
    )
  }
  return text
}

function oneLine(text: string): string {
  const line = text.replace(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, ' ').trim()
  return line.slice(0, SUBJECT_LIMIT).toWellFormed()
}

function engineOf(field: TemplateField): Liquid {
  return field === 'html' ? htmlEngine : plainEngine
}

function newEngine(html: boolean): Liquid {
  const engine = new Liquid({
    strictFilters: true,
    strictVariables: false,
    ownPropertyOnly: true,
    // Dates read the same on every machine; a template can name another time zone.
    timezoneOffset: 0,
    locale: 'en',
    parseLimit: PARSE_LIMIT,
    renderLimit: RENDER_LIMIT,
    memoryLimit: MEMORY_LIMIT,
    ...(html ? { outputEscape: escapeHtml } : {}),
  })
  for (const tag of FILE_TAGS) delete engine.tags[tag]
  engine.unregisterFilter('raw')
  if (html) {
    // The result of these filters is HTML already: it must not be escaped again on output.
    for (const name of ['escape', 'escape_once', 'xml_escape']) {
      engine.registerFilter(name, { handler: escapeHtml, raw: true })
    }
    const breaks = (value: unknown) => escapeHtml(value).replace(/\r?\n/g, '<br>\n')
    engine.registerFilter('newline_to_br', { handler: breaks, raw: true })
  }
  return engine
}

function escapeHtml(value: unknown): string {
  if (value === null || value === undefined) return ''
  const text = Array.isArray(value) ? value.join('') : String(value)
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)
}

function toTemplateError(error: unknown, field: TemplateField, phase: 'syntax' | 'render'): TemplateError {
  const message = error instanceof Error ? error.message : ''
  const place = /, line:(\d+), col:\d+$/.exec(message)
  const line = place?.[1] === undefined ? null : Number(place[1])
  const said = place ? message.slice(0, place.index) : message
  if (/ limit exceeded$/.test(said)) return new TemplateError('limit', field, line, said)
  // The error may quote the value that failed, which is personal data: report only the place.
  return new TemplateError(
    phase,
    field,
    line,
    phase === 'syntax' ? said : 'The template could not be rendered',
  )
}

const cache = new Map<string, readonly Template[]>()
let cachedCharacters = 0

/** Keeps a parsed template, dropping the least recently used. */
function keep(key: string, parsed: readonly Template[]): void {
  cache.set(key, parsed)
  cachedCharacters += key.length
  for (const oldest of cache.keys()) {
    if (cache.size <= CACHED_TEMPLATES && cachedCharacters <= CACHED_CHARACTERS) return
    cache.delete(oldest)
    cachedCharacters -= oldest.length
  }
}
