/**
 * Whether a path exists in the values that a JSON Schema (2020-12) describes. Used for warnings: wherever a schema does
 * not restrict the value, the result is yes.
 */

/** One segment of a path; null if it is computed while rendering, as in `trigger[name]`. */
export type Segment = string | number | null

/**
 * `known`: the path exists, or this cannot be decided. Else the index of the first unknown segment, and the names known
 * there.
 */
export type SchemaPath = { known: true } | { known: false; at: number; names: readonly string[] }

/** Most schemas examined for one segment: bounds alternatives of alternatives. */
const mostSchemas = 200

/** What every text, list or object has in Liquid. */
export const liquidProperties: ReadonlySet<string> = new Set(['size', 'first', 'last'])

/** @param root the whole schema, in which references are resolved */
export function findInSchema(root: unknown, path: readonly Segment[]): SchemaPath {
  let here: unknown[] = [root]
  for (const [at, segment] of path.entries()) {
    const schemas = alternativesOf(here, root)
    if (schemas === null) return { known: true }
    const next = childrenOf(schemas, segment)
    if (next === 'open') return { known: true }
    if (next.length === 0) {
      const names = schemas.flatMap((schema) => Object.keys(objectAt(schema, 'properties') ?? {}))
      return { known: false, at, names: [...new Set(names)] }
    }
    here = next
  }
  return { known: true }
}

type Schema = Readonly<Record<string, unknown>>

/** The schemas with all schemas they refer to or combine; null where one of them allows anything. */
function alternativesOf(start: readonly unknown[], root: unknown): Schema[] | null {
  const found: Schema[] = []
  const seen = new Set<unknown>()
  const open = [...start]
  for (let one = open.pop(); one !== undefined; one = open.pop()) {
    if (!isObject(one)) return null
    if (seen.has(one)) continue
    if (seen.size >= mostSchemas) return null
    seen.add(one)
    found.push(one)
    if (typeof one.$ref === 'string') {
      const target = resolve(root, one.$ref)
      if (target === undefined) return null
      open.push(target)
    }
    for (const keyword of ['allOf', 'anyOf', 'oneOf']) {
      const branches = one[keyword]
      if (Array.isArray(branches)) open.push(...branches)
    }
    for (const keyword of ['then', 'else']) if (isObject(one[keyword])) open.push(one[keyword])
  }
  return found
}

/** The schemas behind a segment; `open` if this cannot be decided. */
function childrenOf(schemas: readonly Schema[], segment: Segment): unknown[] | 'open' {
  if (segment === null) return 'open'
  const children: unknown[] = []
  let described = false
  for (const schema of schemas) {
    const properties = objectAt(schema, 'properties')
    const items = schema.items ?? schema.prefixItems
    if (properties !== null || items !== undefined) described = true
    if (typeof segment === 'number' || segment === 'first' || segment === 'last') {
      if (schema.prefixItems !== undefined) return 'open'
      if (schema.items !== undefined) children.push(schema.items)
    }
    if (typeof segment === 'string') {
      if (properties !== null && Object.hasOwn(properties, segment)) children.push(properties[segment])
      else if (isOpen(schema)) return 'open'
    }
  }
  if (children.length > 0) return children
  return described && !liquidProperties.has(String(segment)) ? [] : 'open'
}

/** Whether it explicitly allows further members. (Leaving this out allows them too, but is seldom intended.) */
function isOpen({ additionalProperties, unevaluatedProperties, patternProperties }: Schema): boolean {
  const says = (value: unknown) => value === true || isObject(value)
  return says(additionalProperties) || says(unevaluatedProperties) || isObject(patternProperties)
}

/** A reference within the schema, by JSON pointer (RFC 6901). */
function resolve(root: unknown, reference: string): unknown {
  if (reference === '#') return root
  if (!reference.startsWith('#/')) return undefined
  let here: unknown = root
  for (const part of reference.slice(2).split('/')) {
    const name = decoded(part).replace(/~1/g, '/').replace(/~0/g, '~')
    if (!isObject(here) || !Object.hasOwn(here, name)) return undefined
    here = here[name]
  }
  return here
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part)
  } catch {
    return part
  }
}

function objectAt(schema: Schema, name: string): Schema | null {
  const value = schema[name]
  return isObject(value) ? value : null
}

function isObject(value: unknown): value is Schema {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
