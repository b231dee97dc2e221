/** Which parts a stack starts itself, and with which environment its own processes run. */
import type { PortVariable } from '../ports.ts'

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

export function neededPorts(own: OwnParts): Set<PortVariable> {
  const needed = new Set<PortVariable>(['PORT', 'SHOP_PORT'])
  if (own.database) needed.add('DATABASE_PORT')
  if (own.engine) needed.add('TEMPORAL_PORT').add('TEMPORAL_UI_PORT')
  if (own.mailbox) needed.add('SMTP_PORT').add('MAILBOX_PORT')
  if (own.sms) needed.add('SMS_PORT')
  return needed
}

/** Ours first, then what the user set: a variable that is set always wins. */
export function processEnvironment(
  ours: Readonly<Record<string, string>>,
  env: Environment,
): Record<string, string> {
  const set = Object.entries(env).flatMap(([name, value]) => (isSet(value) ? [[name, value] as const] : []))
  return { ...ours, ...Object.fromEntries(set) }
}
