/**
 * What the documentation reads of an OpenAPI 3.1 document. Whatever else stands in one is left alone; a document that lacks what is
 * needed here is refused when the page is made, not shown half.
 */
import { z } from 'zod'

/** A schema of JSON Schema 2020-12, as far as it is shown. */
export const schemaShape = z.object({
  $ref: z.string().optional(),
  type: z.union([z.string(), z.array(z.string())]).optional(),
  description: z.string().optional(),
  format: z.string().optional(),
  pattern: z.string().optional(),
  enum: z.array(z.json()).optional(),
  const: z.json().optional(),
  default: z.json().optional(),
  example: z.json().optional(),
  minLength: z.number().optional(),
  maxLength: z.number().optional(),
  minimum: z.number().optional(),
  maximum: z.number().optional(),
  minItems: z.number().optional(),
  maxItems: z.number().optional(),
  required: z.array(z.string()).optional(),
  get properties() {
    return z.record(z.string(), schemaShape).optional()
  },
  get additionalProperties() {
    return z.union([z.boolean(), schemaShape]).optional()
  },
  get items() {
    return schemaShape.optional()
  },
  get anyOf() {
    return z.array(schemaShape).optional()
  },
  get oneOf() {
    return z.array(schemaShape).optional()
  },
  get allOf() {
    return z.array(schemaShape).optional()
  },
})
export type Schema = z.infer<typeof schemaShape>

const contentShape = z.record(z.string(), z.object({ schema: schemaShape.optional() }))

const parameterShape = z.object({
  in: z.string(),
  name: z.string(),
  required: z.boolean().optional(),
  description: z.string().optional(),
  schema: schemaShape.optional(),
})
export type Parameter = z.infer<typeof parameterShape>

const operationShape = z.object({
  operationId: z.string(),
  tags: z.array(z.string()).min(1),
  summary: z.string(),
  description: z.string().optional(),
  parameters: z.array(parameterShape).optional(),
  requestBody: z.object({ content: contentShape }).optional(),
  responses: z.record(z.string(), z.object({ description: z.string(), content: contentShape.optional() })),
})

const methodShape = z.enum(['get', 'put', 'post', 'delete', 'patch', 'head', 'options', 'trace'])

export const descriptionShape = z.object({
  info: z.object({ title: z.string(), version: z.string(), description: z.string().optional() }),
  servers: z.array(z.object({ url: z.string() })).min(1),
  paths: z.record(z.string(), z.partialRecord(methodShape, operationShape)),
  components: z.object({ schemas: z.record(z.string(), schemaShape).optional() }).optional(),
})
export type Description = z.infer<typeof descriptionShape>

/** One operation with where it is. */
export type Operation = z.infer<typeof operationShape> & { method: string; path: string }

/** All operations by their first tag, both in the order of the document. */
export function operationsByTag(description: Description): Map<string, Operation[]> {
  const byTag = new Map<string, Operation[]>()
  for (const [path, methods] of Object.entries(description.paths)) {
    for (const [method, operation] of Object.entries(methods)) {
      const tag = operation.tags[0] ?? ''
      byTag.set(tag, [...(byTag.get(tag) ?? []), { ...operation, method, path }])
    }
  }
  return byTag
}

/** Named schemas, by name. */
export type Named = ReadonlyMap<string, Schema>

export function namedSchemas(description: Description): Named {
  return new Map(Object.entries(description.components?.schemas ?? {}))
}

/** The name a reference points to; null for what is no reference to a named schema. */
export function nameOf(schema: Schema): string | null {
  return /^#\/components\/schemas\/([^/]+)$/.exec(schema.$ref ?? '')?.[1] ?? null
}

/** Names that were not given by anybody are not worth showing: such schemas are shown where they are used. */
export function isGivenName(name: string): boolean {
  return !name.startsWith('__')
}
