/**
 * The catalogue of refusals: every `code` that a caller can receive, with its cause and what to do next. It is closed:
 * code that throws a refusal uses a code from here, or does not compile. `docs/errors.md`, the pages under `/problems`
 * and the OpenAPI document are generated from it. A code is stable: it is never renamed and never given another
 * meaning.
 */
import { conflictCodes } from './conflicts.ts'
import { consentCodes } from './consents.ts'
import { definitionCodes } from './definitions.ts'
import type { CatalogueEntry } from './entry.ts'
import { fieldCodes } from './fields.ts'
import { journeyCodes } from './journeys.ts'
import { notFoundCodes } from './notFound.ts'
import {
  forbiddenCodes,
  headersTooLargeCodes,
  internalCodes,
  malformedCodes,
  methodNotAllowedCodes,
  timedOutCodes,
  tooLargeCodes,
  tooManyCodes,
  unauthorisedCodes,
  unavailableCodes,
  unsupportedCodes,
} from './requests.ts'

/** A kind is one `type` of problem document, with one HTTP status. */
const catalogue = {
  malformed: malformedCodes,
  unauthorised: unauthorisedCodes,
  forbidden: forbiddenCodes,
  'not-found': notFoundCodes,
  'method-not-allowed': methodNotAllowedCodes,
  'timed-out': timedOutCodes,
  conflict: conflictCodes,
  'too-large': tooLargeCodes,
  unsupported: unsupportedCodes,
  invalid: { ...fieldCodes, ...consentCodes, ...definitionCodes, ...journeyCodes },
  'too-many': tooManyCodes,
  'headers-too-large': headersTooLargeCodes,
  internal: internalCodes,
  unavailable: unavailableCodes,
} as const

export type RefusalKind = keyof typeof catalogue
type CodesByKind = { [Kind in RefusalKind]: keyof (typeof catalogue)[Kind] }
/** Every code of every kind. */
export type RefusalCode = CodesByKind[RefusalKind]

export type Catalogued = { code: RefusalCode; kind: RefusalKind } & CatalogueEntry

/** All codes, in the order of the catalogue. */
export const allRefusals: readonly Catalogued[] = Object.entries(catalogue).flatMap(([kind, entries]) =>
  Object.entries(entries).flatMap(([code, { cause, remedy }]) =>
    isKind(kind) && isCodeOf(kind, code) ? [{ code, kind, cause, remedy }] : [],
  ),
)

const byCode: ReadonlyMap<string, Catalogued> = new Map(allRefusals.map((one) => [one.code, one]))

export function catalogued(code: RefusalCode): Catalogued {
  const found = byCode.get(code)
  if (found === undefined) throw new Error(`the code ${code} is not in the catalogue`)
  return found
}

/** Whether a text is one of the codes. */
export function isRefusalCode(text: string): text is RefusalCode {
  return byCode.has(text)
}

function isKind(name: string): name is RefusalKind {
  return Object.hasOwn(catalogue, name)
}

function isCodeOf(kind: RefusalKind, code: string): code is RefusalCode {
  return Object.hasOwn(catalogue[kind], code)
}
