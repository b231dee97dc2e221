/**
 * The log of a process, which names no person: errors of the database quote the values of their statements, and libraries hang
 * whatever they were given on theirs. Of an error it keeps the kind, the codes, the words with addresses masked, and the place.
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
  /** Left out where it quotes values. */
  message?: string
  code?: string | number
  /** Of the database: what was broken, and in which table. */
  constraint?: string
  table?: string
  /** Of a statement: its text, in which values are `$1`. */
  query?: string
  stack?: string
  cause?: Discreet
}

/** Errors within errors are followed this far. */
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

/** A stack begins with the message, which may go over several lines. */
function framesOf(stack: string): string {
  return stack
    .split('\n')
    .filter((line) => /^ +at /.test(line))
    .join('\n')
}

/** E-mail addresses, and numbers that could be a telephone's. */
function mask(text: string): string {
  return text.replace(/[^\s<>"'(),;:=]+@[^\s<>"'(),;:]+/g, '***').replace(/\+\d[\d ()./-]{5,}\d/g, '***')
}
