/**
 * Variables that the templates of a message read, and the ones among them that can never have a value. An unknown
 * variable renders empty, so without a warning a typing error would only show in the mailbox: `{{ trigger.wrkshop }}`.
 */
import type { Problem } from '../journey/findings.ts'
import { nearest } from '../nearest.ts'
import { findInSchema, liquidProperties, type Segment } from './schemaPath.ts'
import { compileTemplate, globalsOf, type MessageTemplates, type TemplateField } from './template.ts'

/** One variable, at its first use. */
export type VariableRead = {
  field: TemplateField
  /** `trigger`, `items`, 0, `name`. */
  path: Segment[]
  /** From 1. */
  line: number
}

/** A trigger that can lead to a message, and the JSON Schema of `trigger` in its templates. */
export type TriggerSource = { name: string; schema: unknown }

/** Most variables examined in one message. */
const mostVariables = 1_000

/**
 * The variables of a message that the templates do not define themselves, each once for each part.
 * @throws TemplateError with code `syntax`
 */
export function variablesRead(templates: MessageTemplates): VariableRead[] {
  const reads: VariableRead[] = []
  for (const field of ['subject', 'html', 'text'] as const) {
    const source = templates[field]
    if (source == null) continue
    const seen = new Set<string>()
    for (const { path, line } of globalsOf(field, compileTemplate(field, source))) {
      const key = JSON.stringify(path)
      if (seen.has(key)) continue
      seen.add(key)
      if (reads.length < mostVariables) reads.push({ field, path, line })
    }
  }
  return reads
}

const anything = {}
const members = (...names: string[]) => ({
  properties: Object.fromEntries(names.map((name) => [name, anything])),
})

/** As `ContactBinding` in db/reads/bindings.ts. */
const contactSchema = members(
  'externalId',
  'kind',
  'account',
  'attributes',
  'postalAddress',
  'locale',
  'timeZone',
  'email',
  'phone',
  'addresses',
)
const profileSchema = {
  properties: {
    ...members('name', 'postalAddress', 'locale').properties,
    sender: members('name', 'email', 'sms'),
  },
}
const roots = ['contact', 'trigger', 'profile', 'links']

/** The meaning of `trigger` in the confirmation mail of a double opt-in. */
export const confirmationSource: TriggerSource = {
  name: 'a double opt-in',
  schema: {
    properties: {
      grants: { type: 'array', items: members('purpose', 'topic', 'name', 'description') },
    },
  },
}

/**
 * A warning for each variable that does not exist. `links` is left out: a wrong link is an error, found when the
 * message is put.
 * @param sources the triggers that can lead to the message; if empty, `trigger` is not checked
 */
export function variableWarnings(
  reads: readonly VariableRead[],
  sources: readonly TriggerSource[],
): Problem[] {
  return reads.flatMap(({ field, path, line }) =>
    wrongsOf(path, sources).map(
      (wrong): Problem => ({
        severity: 'warning',
        pointer: `/${field}`,
        code: 'unknown-variable',
        message: `Line ${line}: {{ ${written(path)} }} renders empty: ${wrong}`,
      }),
    ),
  )
}

/**
 * A warning for each variable that has no value in this context, so that a preview shows what is missing. Variables
 * that do not exist at all are already in `named`.
 * @param named the warnings given so far
 */
export function emptyVariables(
  reads: readonly VariableRead[],
  context: Readonly<Record<string, unknown>>,
  named: readonly Problem[],
): Problem[] {
  return reads.flatMap(({ field, path, line }): Problem[] => {
    const variable = written(path)
    const [root] = path
    const known = named.some(
      ({ pointer, message }) => pointer === `/${field}` && message.includes(`{{ ${variable} }}`),
    )
    if (known || typeof root !== 'string' || !['contact', 'trigger'].includes(root)) return []
    if (hasValue(context, path)) return []
    const message = `Line ${line}: {{ ${variable} }} has no value here. It renders empty unless the template has a default.`
    return [{ severity: 'warning', pointer: `/${field}`, code: 'empty-variable', message }]
  })
}

function hasValue(context: unknown, path: readonly Segment[]): boolean {
  let here: unknown = context
  for (const segment of path) {
    // Computed while rendering, or a property that Liquid gives every list and text.
    if (segment === null || (typeof segment === 'string' && liquidProperties.has(segment))) return true
    if (typeof here !== 'object' || here === null || !Object.hasOwn(here, segment)) return false
    here = Object.getOwnPropertyDescriptor(here, segment)?.value
  }
  return here !== null && here !== undefined && here !== ''
}

function wrongsOf([root, ...path]: readonly Segment[], sources: readonly TriggerSource[]): string[] {
  switch (root) {
    case 'contact':
      return wrongIn(contactSchema, root, path, 'a contact', hintForContact)
    case 'profile':
      return wrongIn(profileSchema, root, path, 'the profile')
    case 'trigger':
      return sources.flatMap(({ name, schema }) => wrongIn(schema, root, path, name))
    case 'links':
      return []
    default: {
      if (typeof root !== 'string') return []
      return [`there is no "${root}". ${meaning(root, roots, [], `Templates read ${roots.join(', ')}.`)}`]
    }
  }
}

function wrongIn(
  schema: unknown,
  root: string,
  path: readonly Segment[],
  where: string,
  hint: (name: string) => string | null = () => null,
): string[] {
  const found = findInSchema(schema, path)
  if (found.known) return []
  const name = String(path[found.at])
  const before = [root, ...path.slice(0, found.at)]
  const offered = found.names.length === 0 ? '' : `There is ${found.names.slice(0, 10).join(', ')}.`
  const said = meaning(name, found.names, before, hint(name) ?? offered)
  return [`${where} has no "${written([...path.slice(0, found.at), name])}". ${said}`.trimEnd()]
}

function meaning(name: string, known: readonly string[], before: readonly Segment[], other: string): string {
  const meant = nearest(name, known)
  return meant === null ? other : `Did you mean ${written([...before, meant])}?`
}

function hintForContact(name: string): string {
  return `What your systems know of a contact is in its attributes: ${written(['contact', 'attributes', name])}.`
}

/** A path as a template writes it. */
function written(path: readonly Segment[]): string {
  return path
    .map((segment, place) => {
      if (segment === null) return '[…]'
      if (typeof segment === 'number') return `[${segment}]`
      if (!/^[\w-]+$/.test(segment)) return `["${segment}"]`
      return place === 0 ? segment : `.${segment}`
    })
    .join('')
}
