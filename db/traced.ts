/** A span for each statement in a trace, named by its operation and table. It contains neither the SQL text nor values. */
import { kindOf, openSpan } from '../telemetry/spans.ts'

/** Ends the span when the statement ends. Errors are left to the caller of the statement. */
export function traced<P extends Promise<unknown>>(text: string, statement: () => P): P {
  const span = openSpan({
    name: statementName(text),
    kind: 'client',
    attributes: { 'db.system.name': 'postgresql' },
  })
  const query = statement()
  if (span !== null) {
    query.then(
      () => span.end(),
      (error: unknown) => span.end({ error: kindOf(error) }),
    )
  }
  return query
}

const changes = /\b(insert|delete)\s+(?:into|from)\s+"?(\w+)|(?<!\b(?:for|key|do)\s)\b(update)\s+"?(\w+)/i
const reads = /\bfrom\s+"?(\w+)/i

const names = new Map<string, string>()
/** Most cached names. Most SQL texts are built once; only those with lists of varying length are not. */
const mostNames = 2_000

/** For example `INSERT outbox`: the first change in the statement, or else the first table it reads. */
export function statementName(text: string): string {
  const known = names.get(text)
  if (known !== undefined) return known
  const change = changes.exec(text)
  const verb = change?.[1] ?? change?.[3]
  const table = verb === undefined ? reads.exec(text)?.[1] : (change?.[2] ?? change?.[4])
  const name = [verb?.toUpperCase() ?? 'SELECT', table].filter((part) => part !== undefined).join(' ')
  if (names.size < mostNames) names.set(text, name)
  return name
}
