/** `docs/errors.md`, made from the catalogue. `npm run errors:write` writes it, and a test compares it. */
import { allRefusals } from '../domain/refusals/catalogue.ts'
import { type WarningCode, warnings } from '../domain/refusals/warnings.ts'
import { problemKinds } from './problemKinds.ts'

const introduction = `# Errors

Every error is a problem document (RFC 9457, \`application/problem+json\`):

| member | meaning |
| --- | --- |
| \`type\` | URI of the kind of problem. It leads to a page with the codes of that kind |
| \`code\` | what is wrong. Stable: a code is never renamed and never gets another meaning. Programs should rely on it |
| \`title\`, \`status\` | the kind in words, and the HTTP status |
| \`detail\` | what is wrong with this request and what to do next, for people. The text may change |
| \`errors\` | one entry for each wrong field: \`pointer\` (RFC 6901), \`code\`, \`message\`. At most 100 |
| \`requestId\` | name it when you ask for help: the log has it |

A request answered with 4xx or 503 has changed nothing. After a 500 this is not known: repeat a \`POST\` with the same
\`Idempotency-Key\` or trigger id. \`Retry-After\` says when to repeat after a 429 or 503. If all entries of \`errors\`
have the same code, the document has it too; if not, its code is \`invalid-fields\`. The pages for people answer the same
errors with the same status, as a page.

The OpenAPI document at \`GET /openapi.json\` names for each operation the codes that it can answer. This file is made from
\`domain/refusals/\` by \`npm run errors:write\`.
`

const aboutWarnings = `## Warnings

A definition with doubtful parts is still stored. The answer lists them in \`problems\`, each with one of
these codes, a pointer and a sentence. A problem of severity \`error\` in a draft has a code of the lists above.
`

export function errorDocs(): string {
  const kinds = Object.entries(problemKinds).map(([kind, { status, title, meaning }]) => {
    const codes = allRefusals.filter((one) => one.kind === kind)
    return [`## ${status}: ${title}`, '', `\`${kind}\`. ${meaning}`, '', ...table(codes)].join('\n')
  })
  const doubts = table(
    Object.keys(warnings)
      .filter(isWarning)
      .map((code) => ({ code, ...warnings[code] })),
  )
  return `${[introduction, ...kinds, aboutWarnings].join('\n')}\n${doubts.join('\n')}`
}

function table(rows: readonly { code: string; cause: string; remedy: string }[]): string[] {
  return [
    '| code | cause | what to do |',
    '| --- | --- | --- |',
    ...rows.map(({ code, cause, remedy }) => `| \`${code}\` | ${cell(cause)} | ${cell(remedy)} |`),
    '',
  ]
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|')
}

function isWarning(code: string): code is WarningCode {
  return Object.hasOwn(warnings, code)
}
