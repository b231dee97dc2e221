/** Which errors mean that the database is unreachable or too slow. Then nothing is half done, and the request may be repeated. */

/** Our own codes; errors of the driver and of Postgres have theirs. */
export type AwayCode = 'DATABASE_BUSY' | 'DATABASE_SILENT' | 'DEADLINE_PASSED' | 'CONNECTION_ENDED'

/**
 * The database does not answer, or too many callers wait for it.
 * - `DATABASE_BUSY`: too many callers wait for a connection, or this caller has waited too long
 * - `DATABASE_SILENT`: a connection with work in progress received nothing for too long and was closed
 * - `DEADLINE_PASSED`: the request's deadline has passed
 * - `CONNECTION_ENDED`: the process is stopping
 */
export class DatabaseAway extends Error {
  override readonly name = 'DatabaseAway'
  readonly code: AwayCode

  constructor(code: AwayCode, message: string) {
    super(message)
    this.code = code
  }
}

/** The connection is lost or was never made; or the server is starting, stopping, full, or ended an idle transaction. */
const lostCodes = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ECONNABORTED',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
  'ETIMEDOUT',
  'EPIPE',
  'CONNECT_TIMEOUT',
  'CONNECTION_CLOSED',
  'CONNECTION_ENDED',
  'CONNECTION_DESTROYED',
  'DATABASE_SILENT',
  'DEADLINE_PASSED',
  '57P01',
  '57P02',
  '57P03',
  '25P03',
  '53300',
])

/** The connection still works: the server cancelled a slow statement, or there was no free connection in time. */
const lateCodes = new Set(['57014', '55P03', 'DATABASE_BUSY'])

function hasCode(error: unknown, codes: ReadonlySet<string>): boolean {
  for (let current = error; current instanceof Error; current = current.cause) {
    if ('code' in current && typeof current.code === 'string' && codes.has(current.code)) return true
    if (current instanceof AggregateError && current.errors.some((one) => hasCode(one, codes))) return true
  }
  return false
}

/** Whether an error or its cause says that a connection is lost. */
export function isConnectionLost(error: unknown): boolean {
  return hasCode(error, lostCodes)
}

/** Whether an error or its cause says that the database is unreachable or too slow. */
export function isDatabaseAway(error: unknown): boolean {
  return isConnectionLost(error) || hasCode(error, lateCodes)
}
