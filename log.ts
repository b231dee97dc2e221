/**
 * The log of a process. It contains no personal data. Database errors quote the values of their statements, and
 * libraries attach their inputs to their errors, so the log keeps only an error's kind, codes, message with addresses
 * masked, and place.
 */
import { DrizzleQueryError } from 'drizzle-orm'
import { type DestinationStream, type Logger, pino } from 'pino'
import postgres from 'postgres'

export function openLog(name: string, level: string, destination?: DestinationStream): Logger {
  const options = { level, name, serializers: { err: discreet } }
  return destination === undefined ? pino(options) : pino(options, destination)
}

type Discreet = {
  type: string
  /** Left out if it quotes values. */
  message?: string
  code?: string | number
  /** Of a database error: the violated constraint, and its table. */
  constraint?: string
  table?: string
  /** Of a database error: the text of the statement, with `$1` in place of values. */
  query?: string
  stack?: string
  cause?: Discreet
}

/** How deep nested errors (`cause`) are followed. */
const deepest = 5

function discreet(error: unknown, depth = 0): Discreet {
  if (!(error instanceof Error)) return { type: typeof error }
  const database = error instanceof postgres.PostgresError
  const statement = error instanceof DrizzleQueryError
  const known: Discreet = { type: error.name }
  if (!database && !statement) known.message = mask(error.message)
  if ('code' in error && (typeof error.code === 'string' || typeof error.code === 'number'))
    known.code = error.code
  if (statement) known.query = error.query
  if (database && error.constraint_name !== undefined) known.constraint = error.constraint_name
  if (database && error.table_name !== undefined) known.table = error.table_name
  const place = framesOf(error.stack ?? '')
  if (place !== '') known.stack = place
  if (error.cause !== undefined && depth < deepest) known.cause = discreet(error.cause, depth + 1)
  return known
}

/** A stack begins with the message, which may have several lines. */
function framesOf(stack: string): string {
  return stack
    .split('\n')
    .filter((line) => /^ +at /.test(line))
    .join('\n')
}

/** E-mail addresses, and digits that could be a phone number. */
function mask(text: string): string {
  return text.replace(/[^\s<>"'(),;:=]+@[^\s<>"'(),;:]+/g, '***').replace(/\+\d[\d ()./-]{5,}\d/g, '***')
}
