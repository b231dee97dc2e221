/** Which parts a stack starts itself, and with which environment its own processes run. */
import { readSettings, SettingsError } from '../../settings.ts'
import type { StackKeys } from '../keys.ts'
import { type Ports, PortsError, type PortVariable, settlePorts } from '../ports.ts'

export type Environment = Readonly<Record<string, string | undefined>>

/** A part is ours to start unless the variable that replaces it is set. */
export interface OwnParts {
  readonly database: boolean
  readonly engine: boolean
  readonly mailbox: boolean
  readonly sms: boolean
}

export function ownParts(env: Environment): OwnParts {
  return {
    database: !isSet(env.DATABASE_URL),
    engine: !isSet(env.TEMPORAL_ADDRESS),
    mailbox: !isSet(env.SMTP_URL),
    sms: !isSet(env.TWILIO_ACCOUNT_SID),
  }
}

export function isSet(value: string | undefined): value is string {
  return value !== undefined && value !== ''
}

function neededPorts(own: OwnParts): Set<PortVariable> {
  const needed = new Set<PortVariable>(['PORT', 'SHOP_PORT', 'METRICS_PORT'])
  if (own.database) needed.add('DATABASE_PORT')
  if (own.engine) needed.add('TEMPORAL_PORT').add('TEMPORAL_UI_PORT')
  if (own.mailbox) needed.add('SMTP_PORT').add('MAILBOX_PORT')
  if (own.sms) needed.add('SMS_PORT')
  return needed
}

/**
 * The ports, once everything a person has set was found to be usable; nothing has been started by then.
 *
 * @throws PortsError listing every setting that is wrong, and every port that is wrong or busy
 */
export async function settledPorts(env: Environment, own: OwnParts, keys: StackKeys): Promise<Ports> {
  const problems = wrongSettings(env, keys)
  try {
    const ports = await settlePorts(env, neededPorts(own))
    if (problems.length === 0) return ports
  } catch (error) {
    if (!(error instanceof PortsError)) throw error
    problems.push(error.message)
  }
  throw new PortsError(problems.join('\n'))
}

/** What our own processes would refuse. Our parts' addresses are not known yet, and will be right; the ports are checked elsewhere. */
function wrongSettings(env: Environment, { databasePassword: _, ...keys }: StackKeys): string[] {
  const ours = { ...keys, DATABASE_URL: 'postgres://127.0.0.1/assent', SMTP_URL: 'smtp://127.0.0.1' }
  try {
    readSettings(processEnvironment(ours, { ...env, PORT: undefined, METRICS_PORT: undefined }))
    return []
  } catch (error) {
    if (!(error instanceof SettingsError)) throw error
    return [...error.problems]
  }
}

/** Ours first, then what the user set: a variable that is set always wins. */
export function processEnvironment(
  ours: Readonly<Record<string, string>>,
  env: Environment,
): Record<string, string> {
  const set = Object.entries(env).flatMap(([name, value]) => (isSet(value) ? [[name, value] as const] : []))
  return { ...ours, ...Object.fromEntries(set) }
}
