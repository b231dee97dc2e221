/** Which codes of the catalogue a route can answer: those that follow from its shape, and those that it names itself. */
import { catalogued, type RefusalCode } from '../domain/refusals/catalogue.ts'
import { problemKinds } from './problemKinds.ts'
import type { Route } from './routing.ts'

/** An address that the request names. */
export const addressCodes = ['invalid-address', 'unknown-channel'] as const satisfies RefusalCode[]

/** One contact that the request names. */
export const contactCodes = [
  'unknown-contact',
  'invalid-address',
  'address-shared',
] as const satisfies RefusalCode[]

/** A payload that must fit the schema of its trigger. */
export const payloadCodes = [
  'duplicate',
  'payload-too-costly',
  'invalid-schema',
  'busy',
] as const satisfies RefusalCode[]

/** A message that cannot be sent as it is. */
export const messageCodes = [
  'template-syntax',
  'template-render',
  'template-limit',
  'missing-part',
  'renders-empty',
  'missing-footer',
  'unknown-link',
  'wrong-link',
  'link-not-allowed',
  'link-name',
  'too-many-links',
  'link-too-long',
] as const satisfies RefusalCode[]

export const dkimKeyCodes = [
  'dkim-key-no-folder',
  'dkim-key-bad-name',
  'dkim-key-not-found',
  'dkim-key-outside',
  'dkim-key-unreadable',
  'dkim-key-not-rsa',
] as const satisfies RefusalCode[]

/** The errors that the checks of a journey find. */
export const journeyFaultCodes = [
  'invalid-fields',
  'invalid-key',
  'invalid-condition',
  'invalid-duration',
  'invalid-wait',
  'invalid-value',
  'unknown-profile',
  'unknown-trigger',
  'unknown-message',
  'unknown-step',
  'step-not-sent-yet',
  'unreachable-step',
  'wrong-purpose',
  'missing-footer',
  'duplicate',
  'one-of-these',
  'not-allowed-here',
  'list-too-short',
  'list-too-long',
  'nested-too-deep',
] as const satisfies RefusalCode[]

/** The rules that any value of a body or query can break. */
const valueCodes = [
  'invalid-fields',
  'required',
  'wrong-type',
  'wrong-format',
  'unknown-value',
  'text-too-short',
  'text-too-long',
  'number-too-small',
  'number-too-large',
  'list-too-short',
  'list-too-long',
  'invalid-value',
  'cannot-be-stored',
] as const satisfies RefusalCode[]

const bodyCodes = [
  'body-not-json',
  'body-unreadable',
  'body-too-large',
  'content-type-unsupported',
  'encoding-unsupported',
  'unknown-field',
  'nested-too-deep',
  'one-of-these',
  'not-allowed-here',
  'duplicate',
  ...valueCodes,
] as const satisfies RefusalCode[]

/** In the order in which they are found. */
export function codesOf(route: Route): RefusalCode[] {
  const changesByKey = route.method === 'put' || route.method === 'patch'
  const codes: RefusalCode[] = [
    'request-timeout',
    'headers-too-large',
    'not-http',
    ...(route.scopes === null
      ? []
      : (['key-missing', 'key-unknown', 'scope-missing', 'too-many-wrong-keys'] as const)),
    ...(route.creates === undefined ? [] : (['idempotency-key-invalid'] as const)),
    ...(route.creates === true ? (['idempotency-key-reused', 'idempotency-key-in-progress'] as const) : []),
    ...(route.params === undefined ? [] : (['route-not-found'] as const)),
    'unknown-parameter',
    ...(route.query === undefined ? [] : valueCodes),
    ...(route.body === undefined ? [] : bodyCodes),
    ...(route.body !== undefined && changesByKey ? (['body-missing', 'read-only'] as const) : []),
    ...(route.refuses ?? []),
    'internal',
    'database-unavailable',
  ]
  return [...new Set(codes)]
}

/** The same by HTTP status, as the OpenAPI document lists them. */
export function codesByStatus(route: Route): Map<number, RefusalCode[]> {
  const found = new Map<number, RefusalCode[]>()
  for (const code of codesOf(route)) {
    const { status } = problemKinds[catalogued(code).kind]
    found.set(status, [...(found.get(status) ?? []), code])
  }
  return found
}
