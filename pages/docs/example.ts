/** A request that can be copied: built from the examples in the schemas, and from their constraints where there is none. */
import { type Named, nameOf, type Operation, type Parameter, type Schema } from './description.ts'

type Json = string | number | boolean | null | Json[] | { [key: string]: Json }

/** Fields that hold keys are of one shape with one example, and would all name the same thing. */
const wellKnown: Readonly<Record<string, string>> = {
  externalId: 'c-1001',
  journey: 'abandoned-cart',
  message: 'cart-reminder',
  profile: 'default',
  purpose: 'marketing',
  trackingPurpose: 'statistics',
}

/** Levels after which an example says no more: a recursive schema ends here. */
const deepest = 8

/** @param server base address of the API */
export function curlExample(operation: Operation, server: string, named: Named): string {
  const parameters = operation.parameters ?? []
  const path = operation.path.replace(/\{(\w+)\}/g, (_whole, name: string) => {
    return encodeURIComponent(
      parameterExample(
        parameters.find((one) => one.in === 'path' && one.name === name),
        named,
      ),
    )
  })
  const query = parameters
    .filter((one) => one.in === 'query' && one.required === true)
    .map((one) => `${one.name}=${encodeURIComponent(parameterExample(one, named))}`)
    .join('&')
  const method = operation.method.toUpperCase()
  const lines = [
    `curl ${method === 'GET' ? '' : `-X ${method} `}${quoted(`${server}${path}${query === '' ? '' : `?${query}`}`)}`,
    '-H "Authorization: Bearer $ASSENT_API_KEY"',
  ]
  const [type, content] = Object.entries(operation.requestBody?.content ?? {})[0] ?? []
  if (type !== undefined && content?.schema !== undefined) {
    lines.push(
      `-H ${quoted(`Content-Type: ${type}`)}`,
      `--data-binary ${quoted(bodyExample(type, content.schema, named))}`,
    )
  }
  return lines.join(' \\\n  ')
}

function bodyExample(type: string, schema: Schema, named: Named): string {
  if (type !== 'application/json') {
    return type === 'application/x-ndjson'
      ? '{"name":"cart.abandoned","contact":{"externalId":"c-1001"}}'
      : '…'
  }
  return JSON.stringify(exampleOf(schema, '', named, 0), null, 2).replaceAll('\n', '\n  ')
}

function parameterExample(parameter: Parameter | undefined, named: Named): string {
  const value = exampleOf(parameter?.schema ?? {}, parameter?.name ?? '', named, 0)
  return typeof value === 'string' ? value : JSON.stringify(value)
}

/** @param name what the value is called, to stand in for a text of which nothing else is known */
export function exampleOf(schema: Schema, name: string, named: Named, depth: number): Json {
  const known = wellKnown[name]
  if (known !== undefined && schema.enum === undefined) return known
  if (schema.example !== undefined) return schema.example
  if (schema.const !== undefined) return schema.const
  if (schema.default !== undefined) return schema.default
  const first = schema.enum?.[0] ?? null
  if (first !== null) return first
  if (depth > deepest) return null
  const target = nameOf(schema)
  if (target !== null) return exampleOf(named.get(target) ?? {}, name, named, depth + 1)
  if (schema.allOf !== undefined)
    return merged(schema.allOf.map((one) => exampleOf(one, name, named, depth + 1)))
  const choice = (schema.oneOf ?? schema.anyOf)?.[0]
  if (choice !== undefined) return exampleOf(choice, name, named, depth + 1)
  const type = typeof schema.type === 'string' ? schema.type : schema.type?.find((one) => one !== 'null')
  switch (type) {
    case 'object':
      return objectExample(schema, named, depth)
    case 'array':
      return schema.items === undefined ? [] : [exampleOf(schema.items, name, named, depth + 1)]
    case 'integer':
    case 'number':
      return schema.minimum ?? 1
    case 'boolean':
      return true
    case 'string':
      return textExample(schema, name)
    default:
      return null
  }
}

/**
 * What is required, and on the first level what has an example of its own, save times, which are rarely given; the first field where
 * that would be nothing.
 */
function objectExample(schema: Schema, named: Named, depth: number): Json {
  const fields = Object.entries(schema.properties ?? {})
  const shown = fields.filter(
    ([key, field]) =>
      schema.required?.includes(key) === true ||
      (depth <= 1 && field.example !== undefined && field.format !== 'date-time'),
  )
  return Object.fromEntries(
    (shown.length > 0 ? shown : fields.slice(0, 1)).map(([key, field]) => [
      key,
      exampleOf(field, key, named, depth + 1),
    ]),
  )
}

function textExample(schema: Schema, name: string): string {
  switch (schema.format) {
    case 'uuid':
      return '01936f2e-8c4b-7d3a-9f00-5b1d6c7e8a90'
    case 'date-time':
      return '2026-11-23T08:15:30.000Z'
    case 'email':
      return 'shopper@example.com'
    case 'uri':
      return 'https://www.example.com/'
    default:
      return name.replace(/([a-z])([A-Z])/g, (_whole, a: string, b: string) => `${a} ${b.toLowerCase()}`)
  }
}

function merged(values: readonly Json[]): Json {
  return Object.assign(
    {},
    ...values.filter((value) => typeof value === 'object' && value !== null && !Array.isArray(value)),
  )
}

/** In single quotes for a POSIX shell. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`
}
