/**
 * Which part listens on which port. Each part has a variable of its own; `PORT=0` lets every part whose variable is not
 * set pick a free port, and 0 in a part's own variable does so for that part. A port that is taken is an error that
 * names the variable to change, before anything has been started.
 */

import { randomInt } from 'node:crypto'
import { createServer } from 'node:net'

/** The variables, what listens there, and the port without a setting. */
export const portSettings = {
  PORT: { part: 'API', usual: 3000 },
  TEMPORAL_PORT: { part: 'Temporal server', usual: 7233 },
  TEMPORAL_UI_PORT: { part: 'Temporal Web UI', usual: 8233 },
  DATABASE_PORT: { part: 'database', usual: 5433 },
  SMTP_PORT: { part: 'mailbox (SMTP)', usual: 1025 },
  MAILBOX_PORT: { part: 'mailbox (web page)', usual: 1080 },
  SMS_PORT: { part: 'SMS sandbox', usual: 1090 },
  SHOP_PORT: { part: 'demo shop', usual: 3100 },
  METRICS_PORT: { part: "worker's metrics", usual: 9464 },
} as const

export type PortVariable = keyof typeof portSettings
export type Ports = Readonly<Record<PortVariable, number>>

/** Lists everything wrong with the ports, one line each. */
export class PortsError extends Error {
  override readonly name = 'PortsError'
}

const variables: readonly PortVariable[] = [
  'PORT',
  'TEMPORAL_PORT',
  'TEMPORAL_UI_PORT',
  'DATABASE_PORT',
  'SMTP_PORT',
  'MAILBOX_PORT',
  'SMS_PORT',
  'SHOP_PORT',
  'METRICS_PORT',
]

/**
 * Settles every port, and makes sure that those of the needed parts are free on 127.0.0.1.
 *
 * @param needed the parts that will be started; a part replaced by a variable needs no port
 * @throws PortsError listing every bad, doubled or busy port
 */
export async function settlePorts(
  env: Readonly<Record<string, string | undefined>>,
  needed: ReadonlySet<PortVariable> = new Set(variables),
): Promise<Ports> {
  const problems: string[] = []
  const anyFree = env.PORT === '0'
  const taken = new Map<number, PortVariable>()
  const settled = { ...unset }
  const free: PortVariable[] = []
  for (const variable of variables) {
    const text = env[variable]
    const wanted =
      text === undefined || text === '' ? (anyFree ? 0 : portSettings[variable].usual) : parse(text)
    if (wanted === undefined) problems.push(`${variable}=${text} is not a port (0 to 65535).`)
    else if (wanted === 0) free.push(variable)
    else {
      settled[variable] = wanted
      if (!needed.has(variable)) continue
      const other = taken.get(wanted)
      if (other !== undefined) problems.push(`${other} and ${variable} are both ${wanted}. Change one.`)
      else if (!(await isFree(wanted))) problems.push(busy(variable, wanted))
      taken.set(wanted, variable)
    }
  }
  if (problems.length > 0) throw new PortsError(problems.join('\n'))
  for (const variable of free) {
    const [port] = await freePorts(1, taken)
    if (port === undefined) continue
    settled[variable] = port
    taken.set(port, variable)
  }
  return settled
}

const unset: Record<PortVariable, number> = {
  PORT: 0,
  TEMPORAL_PORT: 0,
  TEMPORAL_UI_PORT: 0,
  DATABASE_PORT: 0,
  SMTP_PORT: 0,
  MAILBOX_PORT: 0,
  SMS_PORT: 0,
  SHOP_PORT: 0,
  METRICS_PORT: 0,
}

function parse(text: string): number | undefined {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN
  return port <= 65_535 ? port : undefined
}

function busy(variable: PortVariable, port: number): string {
  const { part } = portSettings[variable]
  return `Port ${port}, meant for the ${part}, is busy. Set ${variable} to another port, or ${variable}=0 to pick a free one.`
}

/** Whether nothing listens there, on this machine's loopback or on all its addresses. */
export async function isFree(port: number): Promise<boolean> {
  return (await canListen(port, '127.0.0.1')) && (await canListen(port, undefined))
}

function canListen(port: number, host: string | undefined): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>()
  const server = createServer()
  server.once('error', () => resolve(false))
  server.listen({ port, host, exclusive: true }, () => server.close(() => resolve(true)))
  return promise
}

/**
 * Free ports, below the range from which systems take the local ports of outgoing connections: a port from that range may
 * be taken by such a connection between now and the part's start.
 */
export async function freePorts(
  count: number,
  except: ReadonlyMap<number, unknown> = new Map(),
): Promise<number[]> {
  const found = new Set<number>()
  for (let tries = 0; found.size < count; tries++) {
    if (tries > 1_000) throw new PortsError('No free port was found. Set the port variables by hand.')
    const port = randomInt(15_000, 32_000)
    if (!except.has(port) && !found.has(port) && (await isFree(port))) found.add(port)
  }
  return [...found]
}
