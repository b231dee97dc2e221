/** Which errors mean that the database cannot be reached, or not in time: the request may be repeated, and nothing is half done. */

/** What we ourselves say; what the driver and Postgres say comes with their own codes. */
export type AwayCode = 'DATABASE_BUSY' | 'DATABASE_SILENT' | 'DEADLINE_PASSED' | 'CONNECTION_ENDED'

/**
 * The database does not answer, or too many are waiting for it.
 * - `DATABASE_BUSY`: too many wait for a connection, or this one has waited too long
 * - `DATABASE_SILENT`: a connection with work under way has been silent for too long and was closed
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

/** The connection is lost, or was never made; the server shuts down, starts up, is full, or ended an idle transaction. */
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

/** The connection lives: the server cancelled a statement that took too long, or we did not get a connection in time. */
const lateCodes = new Set(['57014', '55P03', 'DATABASE_BUSY'])

function hasCode(error: unknown, codes: ReadonlySet<string>): boolean {
  for (let current = error; current instanceof Error; current = current.cause) {
    if ('code' in current && typeof current.code === 'string' && codes.has(current.code)) return true
    if (current instanceof AggregateError && current.errors.some((one) => hasCode(one, codes))) return true
  }
  return false
}

/** Whether an error, or what caused it, says that a connection is gone. */
export function isConnectionLost(error: unknown): boolean {
  return hasCode(error, lostCodes)
}

/** Whether an error, or what caused it, says that the database cannot be reached, or not in time. */
export function isDatabaseAway(error: unknown): boolean {
  return isConnectionLost(error) || hasCode(error, lateCodes)
}
