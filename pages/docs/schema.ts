/**
 * A schema as nested definition lists. Named schemas are linked to where they are shown once; those without a name are shown in place,
 * and one that holds itself is shown once within itself.
 */
import { type Html, html, type Piece } from '../html.ts'
import { isGivenName, type Named, nameOf, type Schema } from './description.ts'
import { prose } from './prose.ts'

/** Names of the unnamed schemas one is inside of. */
type Within = readonly string[]

/** The fields of a body or an answer; for what has none, its type. */
export function schemaTree(schema: Schema, named: Named, within: Within = []): Html {
  const name = nameOf(schema)
  if (name !== null) {
    const target = named.get(name)
    if (target === undefined || within.includes(name))
      return html`<p class="type">${typeLabel(schema, named, within)}</p>`
    return schemaTree(target, named, [...within, name])
  }
  const inner = children(schema, named, within)
  return inner ?? html`<p class="type">${typeLabel(schema, named, within)}</p>`
}

/** What a schema holds: fields, choices or items; null where its type label says it all. */
function children(schema: Schema, named: Named, within: Within): Html | null {
  const fields = Object.entries(schema.properties ?? {})
  if (fields.length > 0) {
    return html`<dl class="fields">${fields.map(([key, field]) =>
      fieldEntry(key, field, schema.required?.includes(key) === true, named, within),
    )}</dl>`
  }
  const choices = schema.oneOf ?? schema.anyOf
  if (choices !== undefined) {
    const shown = choices.filter((choice) => choice.type !== 'null')
    const [only] = shown
    if (shown.length === 1 && only !== undefined) return inPlace(only, named, within)
    if (shown.every((choice) => inPlace(choice, named, within) === null)) return null
    return html`<ul class="choices">${shown.map(
      (choice) =>
        html`<li><span class="type">${typeLabel(choice, named, within)}</span>${inPlace(choice, named, within)}</li>`,
    )}</ul>`
  }
  if (schema.allOf !== undefined) {
    return html`<div>${schema.allOf.map((part) => schemaTree(part, named, within))}</div>`
  }
  if (schema.items !== undefined) return inPlace(schema.items, named, within)
  if (typeof schema.additionalProperties === 'object')
    return inPlace(schema.additionalProperties, named, within)
  return null
}

/** Below a type label: nothing for a named schema, which is linked from the label. */
function inPlace(schema: Schema, named: Named, within: Within): Html | null {
  const name = nameOf(schema)
  if (name === null) return children(schema, named, within)
  if (isGivenName(name) || within.includes(name)) return null
  const target = named.get(name)
  return target === undefined || isAnyJson(target) ? null : children(target, named, [...within, name])
}

function fieldEntry(key: string, schema: Schema, required: boolean, named: Named, within: Within): Html {
  const description = schema.description ?? descriptionOf(schema, named)
  const inner = inPlace(schema, named, within)
  return html`<div class="field"><dt><code class="key">${key}</code> <span class="type">${typeLabel(schema, named, within)}</span>${
    required ? html` <span class="required">required</span>` : null
  }</dt><dd>${description === undefined ? null : prose(description)}${limits(schema)}${
    inner === null ? null : html`<div class="inner">${inner}</div>`
  }</dd></div>`
}

function descriptionOf(schema: Schema, named: Named): string | undefined {
  const name = nameOf(schema)
  return name === null ? undefined : named.get(name)?.description
}

/** The type in words, with links to named schemas. */
export function typeLabel(schema: Schema, named: Named, within: Within = []): Piece {
  const name = nameOf(schema)
  if (name !== null) {
    if (isGivenName(name)) return html`<a href="#${shapeId(name)}">${name}</a>`
    const target = named.get(name)
    if (target === undefined || within.includes(name)) return 'the same again'
    return isAnyJson(target) ? 'any JSON' : typeLabel(target, named, [...within, name])
  }
  const choices = schema.oneOf ?? schema.anyOf
  if (choices !== undefined) return joined(choices.map((choice) => typeLabel(choice, named, within)))
  if (schema.const !== undefined) return html`<code>${JSON.stringify(schema.const)}</code>`
  if (schema.enum !== undefined)
    return joined(schema.enum.map((value) => html`<code>${JSON.stringify(value)}</code>`))
  if (schema.type === 'array') {
    return schema.items === undefined ? 'array' : html`array of ${typeLabel(schema.items, named, within)}`
  }
  if (
    schema.type === 'object' &&
    schema.properties === undefined &&
    typeof schema.additionalProperties === 'object'
  ) {
    return html`object of ${typeLabel(schema.additionalProperties, named, within)}`
  }
  const type = typeof schema.type === 'string' ? schema.type : (schema.type?.join(' or ') ?? 'any JSON')
  return schema.format === undefined ? type : `${type}, ${schema.format}`
}

function joined(labels: readonly Piece[]): Html {
  return html`${labels.map((label, place) => (place === 0 ? html`${label}` : html` or ${label}`))}`
}

/** zod's own recursive schema for any JSON value. */
function isAnyJson(schema: Schema): boolean {
  const types = new Set((schema.anyOf ?? []).map((choice) => choice.type))
  return ['string', 'number', 'boolean', 'null', 'array', 'object'].every((type) => types.has(type))
}

/** What else a value must keep to. */
function limits(schema: Schema): Html | null {
  const said: Piece[] = []
  if (schema.default !== undefined) said.push(html`default <code>${JSON.stringify(schema.default)}</code>`)
  const range = (low: number | undefined, high: number | undefined, unit: string) => {
    const most = high !== undefined && high < Number.MAX_SAFE_INTEGER ? high : undefined
    const least = low !== undefined && low > Number.MIN_SAFE_INTEGER ? low : undefined
    if (least !== undefined && most !== undefined) said.push(`${least} to ${most}${unit}`)
    else if (most !== undefined) said.push(`at most ${most}${unit}`)
    else if (least !== undefined) said.push(`at least ${least}${unit}`)
  }
  range(schema.minLength, schema.maxLength, ' characters')
  range(schema.minimum, schema.maximum, '')
  range(schema.minItems, schema.maxItems, ' items')
  if (schema.example !== undefined)
    said.push(html`for example <code>${JSON.stringify(schema.example)}</code>`)
  if (said.length === 0) return null
  return html`<p class="limits">${said.map((one, place) => (place === 0 ? html`${one}` : html` · ${one}`))}</p>`
}

/** Where a named schema is shown. */
export function shapeId(name: string): string {
  return `shape-${name}`
}
