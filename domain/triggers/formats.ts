/**
 * The `format` keyword of JSON Schema. `ajv-formats` implements most formats as JavaScript regular expressions, some of
 * which backtrack practically for ever on a crafted text (`url`, `email`). Here expressions run on RE2 if it supports
 * them; the others are implemented anew.
 */
import type { Ajv2020 } from 'ajv/dist/2020.js'
import formats from 'ajv-formats'
import { RE2JS } from 're2js'
import { longestMatchedText } from '../conditions/patterns.ts'

type Check = (text: string) => boolean

/** Own checks for formats whose expressions use lookahead or are hidden in a function. */
const own: Readonly<Record<string, Check>> = {
  // RFC 3339 appendix A: at least one part, and one after the T.
  duration: re2(/^P(?:\d+W|(?:\d+Y)?(?:\d+M)?(?:\d+D)?(?:T(?:\d+H)?(?:\d+M)?(?:\d+S)?)?)$/, (text) =>
    /\d[A-Z]$/.test(text),
  ),
  hostname: re2(
    /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)*\.?$/i,
    (text) => text.replace(/\.$/, '').length <= 253,
  ),
  url: (text) => !/\s/.test(text) && /^(?:https?|ftp):\/\/[^/]/i.test(text) && URL.canParse(text),
  byte: (text) => text.length % 4 === 0 && /^[A-Za-z0-9+/]*={0,2}$/.test(text),
}

/**
 * Gives a validator the formats of `ajv-formats`, each linear in the text. A text of more than 4,000 characters fits
 * none of them.
 */
export function addLinearFormats(ajv: Ajv2020): void {
  formats.default(ajv)
  checks ??= linearChecks(ajv)
  for (const [name, check] of checks) ajv.addFormat(name, check)
}

/** Compiled once, by the first validator. */
let checks: ReadonlyMap<string, Check> | null = null

function linearChecks(ajv: Ajv2020): ReadonlyMap<string, Check> {
  const found = new Map<string, Check>()
  for (const [name, format] of Object.entries(ajv.formats)) {
    const check = own[name] ?? checkOf(format)
    if (check !== null) found.set(name, name === 'byte' ? check : bounded(check))
  }
  // RFC 3986: a URI is a reference that begins with a scheme.
  const reference = found.get('uri-reference')
  if (reference === undefined) throw new Error('ajv-formats has no uri-reference')
  found.set('uri', (text) => /^[a-z][a-z0-9+.-]*:/i.test(text) && reference(text))
  return found
}

/** The check of a format for texts; null for a format that checks numbers or nothing. */
function checkOf(format: Ajv2020['formats'][string]): Check | null {
  if (format === undefined || typeof format !== 'object') {
    return typeof format === 'function' ? format : null
  }
  if (format instanceof RegExp) return re2(format)
  const { validate, type } = format
  if (type === 'number' || format.async === true) return null
  if (validate instanceof RegExp) return re2(validate)
  return typeof validate === 'function' ? (text) => validate(text as never) === true : null
}

function bounded(check: Check): Check {
  return (text) => text.length <= longestMatchedText && check(text)
}

function re2(expression: RegExp, also: Check = () => true): Check {
  const compiled = RE2JS.compile(RE2JS.translateRegExp(expression))
  return (text) => compiled.test(text) && also(text)
}
