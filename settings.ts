/** Settings from the environment, checked at start: one message lists everything that is wrong. Values are never shown. */
import { readFileSync } from 'node:fs'
import { isIP } from 'node:net'
import { z } from 'zod'
import { channelSettings } from './channels/settings.ts'
import { type DataKeyring, KeyringError, parseDataKeys } from './domain/ledger/keyring.ts'
import { defaultDays, parseRetention } from './domain/retention.ts'

export class SettingsError extends Error {
  readonly problems: readonly string[]

  constructor(problems: readonly string[]) {
    super(
      `Assent cannot start, because settings are missing or wrong. Correct these environment variables:\n${problems.map((problem) => `  - ${problem}`).join('\n')}`,
    )
    this.name = 'SettingsError'
    this.problems = problems
  }
}

const port = z.coerce.number().int().min(0).max(65535)
const url = (protocols: string[]) =>
  z
    .string()
    .refine(
      (text) => protocols.includes(URL.parse(text)?.protocol ?? ''),
      `must be an address that begins with ${protocols.join('// or ')}//`,
    )
const file = z.string().refine((path) => {
  try {
    return readFileSync(path).length > 0
  } catch {
    return false
  }
}, 'must be the path of a file that can be read and is not empty')

/** An address, or a network in CIDR notation (RFC 4632), or one of Express' names for the private ones. */
function isProxy(text: string): boolean {
  if (['loopback', 'linklocal', 'uniquelocal'].includes(text)) return true
  const [address = '', bits, ...more] = text.split('/')
  const family = isIP(address)
  if (family === 0 || more.length > 0) return false
  return bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= (family === 4 ? 32 : 128))
}

const keyring = <T>(parse: (text: string) => T) =>
  z.string().transform((text, context): T | typeof z.NEVER => {
    try {
      return parse(text)
    } catch (error) {
      if (!(error instanceof KeyringError)) throw error
      context.addIssue({ code: 'custom', message: error.message })
      return z.NEVER
    }
  })

const shape = z.object({
  PORT: port.default(3000),
  /** Network address to listen on; unset: all addresses of the machine. */
  LISTEN_ADDRESS: z.string().min(1).optional(),
  /** The URL at which people reach Assent; every link in a mail begins with it. */
  PUBLIC_URL: url(['http:', 'https:']).optional(),
  /** For a user that is a member of `assent_app` and has no other rights: see `db/restricted.ts`. */
  DATABASE_URL: url(['postgres:', 'postgresql:']),
  /** For the user that owns the database. If it is set, migrations are applied at start. */
  MIGRATION_DATABASE_URL: url(['postgres:', 'postgresql:']).optional(),
  TEMPORAL_ADDRESS: z
    .string()
    .regex(/^(?:[^\s:/]+|\[[0-9A-Fa-f:.]+\]):\d{1,5}$/, 'must be host:port, such as 127.0.0.1:7233')
    .default('127.0.0.1:7233'),
  TEMPORAL_NAMESPACE: z.string().min(1).default('default'),
  TEMPORAL_API_KEY: z.string().min(1).optional(),
  TEMPORAL_TLS_CA: file.optional(),
  TEMPORAL_TLS_CERT: file.optional(),
  TEMPORAL_TLS_KEY: file.optional(),
  TEMPORAL_TASK_QUEUE: z.string().min(1).default('assent'),
  /** File of a workflow bundle that was built earlier; without it the worker builds one at start. */
  TEMPORAL_WORKFLOW_BUNDLE: file.optional(),
  ...channelSettings,
  ASSENT_DATA_KEYS: keyring(parseDataKeys),
  ASSENT_API_KEY: z.string().min(20, 'must have at least 20 characters').optional(),
  /** Addresses or networks of proxies whose X-Forwarded-For is trusted, separated by commas. */
  TRUSTED_PROXIES: z
    .string()
    .transform((text) =>
      text
        .split(',')
        .map((part) => part.trim())
        .filter((part) => part !== ''),
    )
    .refine(
      (parts) => parts.every(isProxy),
      'must be IP addresses or networks such as 10.0.0.0/8, separated by commas',
    )
    .default([]),
  /** Days to keep things, if not the default: `trigger-events=180,run-paths=90`. See docs/operations.md. */
  ASSENT_RETENTION: z
    .string()
    .transform((text, context) => {
      const read = parseRetention(text)
      if (read.ok) return read.days
      context.addIssue({ code: 'custom', message: read.problems.join('; ') })
      return z.NEVER
    })
    .default(defaultDays),
  /**
   * Port on which this process serves its metrics without a key; 0: any free one. Unset: none. The API also serves them
   * with a key.
   */
  METRICS_PORT: port.optional(),
  /** Address for METRICS_PORT: by default not reachable from other machines. */
  METRICS_ADDRESS: z
    .string()
    .refine((text) => isIP(text) !== 0, 'must be an IP address such as 0.0.0.0')
    .default('127.0.0.1'),
  /** Collector for traces (OTLP over HTTP). Unset: nothing is traced. */
  OTEL_EXPORTER_OTLP_ENDPOINT: url(['http:', 'https:']).optional(),
  LOG_LEVEL: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']).default('info'),
})

/** The environment variables that the processes read. */
export const settingNames: readonly string[] = Object.keys(shape.shape)

export type Settings = Omit<z.infer<typeof shape>, 'PUBLIC_URL'> & {
  PUBLIC_URL: string
  dataKeys: DataKeyring
  /** Where metrics are served without a key; null: nowhere. */
  metrics: { port: number; address: string } | null
}

/** @throws SettingsError naming every variable that is missing or wrong */
export function readSettings(environment: Record<string, string | undefined>): Settings {
  // An empty variable counts as unset, as in compose files and shells.
  const set = Object.fromEntries(
    Object.entries(environment).filter(([, value]) => value !== undefined && value !== ''),
  )
  const parsed = shape.safeParse(set)
  const problems = parsed.success ? [] : parsed.error.issues.map((issue) => explain(issue, set))
  if ((set.TEMPORAL_TLS_CERT === undefined) !== (set.TEMPORAL_TLS_KEY === undefined)) {
    problems.push('TEMPORAL_TLS_CERT and TEMPORAL_TLS_KEY must be set together')
  }
  if (!parsed.success || problems.length > 0) throw new SettingsError(problems)
  const { data } = parsed
  return {
    ...data,
    PUBLIC_URL: data.PUBLIC_URL ?? `http://127.0.0.1:${data.PORT}`,
    dataKeys: data.ASSENT_DATA_KEYS,
    metrics:
      data.METRICS_PORT === undefined ? null : { port: data.METRICS_PORT, address: data.METRICS_ADDRESS },
  }
}

/** Like `readSettings`, but prints what is wrong without a stack trace and ends the process. */
export function requireSettings(environment: Record<string, string | undefined>): Settings {
  try {
    return readSettings(environment)
  } catch (error) {
    if (!(error instanceof SettingsError)) throw error
    process.stderr.write(`${error.message}\n`)
    process.exit(1)
  }
}

function explain(issue: z.core.$ZodIssue, set: Record<string, unknown>): string {
  const name = String(issue.path[0])
  return set[name] === undefined ? `${name} must be set` : `${name}: ${issue.message}`
}
