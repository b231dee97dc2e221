/** Codes for requests that are refused before their content matters: how they arrive, who sends them, and our own faults. */
import type { CatalogueEntries } from './entry.ts'

export const malformedCodes = {
  'not-http': {
    cause: 'The bytes that arrived are not an HTTP/1.1 request, or its `Host` header is missing.',
    remedy: 'Use an HTTP client. If you use TLS, check that the port is the one of your TLS proxy.',
  },
  'body-missing': {
    cause: 'A `PUT` or `PATCH` has no body.',
    remedy: 'Send the whole document as JSON. Check that a proxy does not remove the body.',
  },
  'body-not-json': {
    cause: 'The body, or one line of an NDJSON body, is not valid JSON.',
    remedy: 'Correct the JSON.',
  },
  'body-unreadable': {
    cause: 'The body was cut off on its way, is not what `Content-Encoding` says, or is not a form.',
    remedy: 'Send the request again. Check `Content-Length`, `Content-Encoding` and the form data.',
  },
  'idempotency-key-invalid': {
    cause: 'The header `Idempotency-Key` is empty, or longer than 200 characters.',
    remedy: 'Send a key of its own for each request, such as a UUID, or leave the header out.',
  },
  'form-not-ours': {
    cause: 'A page for people received fields that its own form does not have.',
    remedy: 'Open the page again and use its form.',
  },
} as const satisfies CatalogueEntries

export const unauthorisedCodes = {
  'key-missing': {
    cause: 'The header `Authorization: Bearer <key>` is missing or misspelt.',
    remedy: 'Send an API key. An administrator makes one with `POST /v1/keys`.',
  },
  'key-unknown': {
    cause: 'The API key was revoked, or belongs to another installation.',
    remedy: 'Send a valid API key. An administrator makes one with `POST /v1/keys`.',
  },
} as const satisfies CatalogueEntries

export const forbiddenCodes = {
  'scope-missing': {
    cause: 'The key does not have the scope that `detail` names.',
    remedy: 'Use a key with that scope. An administrator makes one with `POST /v1/keys`.',
  },
  'withdrawals-only': {
    cause: 'A key with the scope `withdrawals` recorded something else than an opt-out taken by staff.',
    remedy: 'Send `state` `opted-out` and `source.kind` `staff`, or use a key with the scope `consents`.',
  },
  'trigger-reserved': {
    cause: 'Only Assent itself raises a trigger of this name.',
    remedy: 'Register a trigger under a name of your own with `PUT /v1/trigger-definitions/{name}`.',
  },
} as const satisfies CatalogueEntries

export const methodNotAllowedCodes = {
  'method-not-allowed': {
    cause: 'The address exists, but not for this HTTP method: for example a `POST` where `PUT` creates.',
    remedy: 'Use one of the methods in the `Allow` header.',
  },
} as const satisfies CatalogueEntries

export const timedOutCodes = {
  'request-timeout': {
    cause: 'The headers took longer than 10 seconds, or the whole request longer than 30.',
    remedy: 'Send the request again on a new connection.',
  },
} as const satisfies CatalogueEntries

export const tooLargeCodes = {
  'body-too-large': {
    cause: 'The body is larger than this address takes: 1 MB for the API.',
    remedy: 'Split the request into several.',
  },
  'too-many-lines': {
    cause: 'An NDJSON body has more than 1,000 lines.',
    remedy: 'Split the body into several requests.',
  },
  'too-many-fields': {
    cause: 'A form has more than 5,000 fields.',
    remedy: 'Open the page again and use its form.',
  },
} as const satisfies CatalogueEntries

export const unsupportedCodes = {
  'content-type-unsupported': {
    cause: '`Content-Type` is missing, or names another type than `detail` asks for.',
    remedy: 'Send the body in the type that `detail` names, usually `application/json`.',
  },
  'encoding-unsupported': {
    cause: 'The body has a content encoding or a character set that Assent does not read.',
    remedy: 'Send UTF-8, uncompressed or with gzip, deflate or br.',
  },
} as const satisfies CatalogueEntries

export const tooManyCodes = {
  'too-many-wrong-keys': {
    cause: 'Too many requests with wrong API keys came from this network address.',
    remedy: 'Wait as many seconds as `Retry-After` says, then send a valid key.',
  },
  'too-many-unknown-links': {
    cause: 'Too many links that do not exist were opened from this network address.',
    remedy: 'Wait as many seconds as `Retry-After` says, then open the link of your message again.',
  },
  'too-many-test-mails': {
    cause: 'The hourly limit of test mails is reached, for one mailbox or in all.',
    remedy: 'Wait as many seconds as `Retry-After` says, or use the preview.',
  },
} as const satisfies CatalogueEntries

export const headersTooLargeCodes = {
  'headers-too-large': {
    cause: 'The headers have more than 16 KB: usually a long address or many cookies.',
    remedy: 'Send fewer headers, or look things up by `POST …/lookup`.',
  },
} as const satisfies CatalogueEntries

export const internalCodes = {
  internal: {
    cause: 'A defect of the server. Its log has the details, under the `requestId` of the answer.',
    remedy:
      'Repeat a `PUT` or `DELETE` as it is. Repeat a `POST` with the same `Idempotency-Key` or trigger id: it then takes effect once. If the fault persists, give the `requestId` to the people who run the server.',
  },
} as const satisfies CatalogueEntries

export const unavailableCodes = {
  'database-unavailable': {
    cause: 'The database does not answer, or not in time: a restart, a failover, or too much load.',
    remedy: 'Repeat the request after the seconds in `Retry-After`.',
  },
  busy: {
    cause: 'Too many requests that need much computing wait already: templates, schemas, large payloads.',
    remedy: 'Repeat the request after the seconds in `Retry-After`.',
  },
  'no-mail-channel': {
    cause: 'No mail server is set.',
    remedy: 'An operator sets up a mail server (see the README) and starts Assent again.',
  },
  'evidence-key-unavailable': {
    cause:
      'The key that encrypts the evidence of this address does not open, so permission cannot be recorded. Withdrawals can.',
    remedy: 'An operator restores the missing key in `ASSENT_DATA_KEYS`. Then repeat the request.',
  },
} as const satisfies CatalogueEntries
