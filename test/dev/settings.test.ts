/** Settings: one message lists everything that is wrong, before anything is started, and shows no value. */
import { randomBytes } from 'node:crypto'
import { globSync, readFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { afterEach, expect, it } from 'vitest'
import { PortsError } from '../../dev/ports.ts'
import { ownParts, settledPorts } from '../../dev/stack/settings.ts'
import { readSettings, SettingsError, settingNames } from '../../settings.ts'

const key = randomBytes(32).toString('base64url')
const usable = {
  DATABASE_URL: 'postgres://127.0.0.1/assent',
  SMTP_URL: 'smtp://127.0.0.1:25',
  ASSENT_DATA_KEYS: `k1:${key}`,
}
const stackKeys = {
  ASSENT_DATA_KEYS: `k1:${key}`,
  ASSENT_API_KEY: `assent_${key}`,
  TWILIO_ACCOUNT_SID: `AC${'0'.repeat(32)}`,
  TWILIO_AUTH_TOKEN: '0'.repeat(32),
  databasePassword: 'x',
}

const open: ReturnType<typeof createServer>[] = []
afterEach(async () => {
  for (const server of open.splice(0)) await new Promise((resolve) => server.close(resolve))
})

function problemsOf(environment: Record<string, string>): readonly string[] {
  try {
    readSettings({ ...usable, ...environment })
    return []
  } catch (error) {
    if (error instanceof SettingsError) return error.problems
    throw error
  }
}

const messageOf = async (environment: Record<string, string>) =>
  settledPorts(environment, ownParts(environment), stackKeys).then(
    () => 'usable',
    (error: unknown) => (error instanceof PortsError ? error.message : `another error: ${String(error)}`),
  )

it.each(['127.0.0.1', '10.0.0.0/8, ::1', 'fd00::/8', 'loopback'])('trusts the proxies %s', (text) => {
  expect(problemsOf({ TRUSTED_PROXIES: text })).toEqual([])
})

it.each(['banana', '10.0.0.0/33', '10.0.0.0/8/8', '127.0.0.1,example.com'])(
  'refuses the proxies %s at the start',
  (text) => {
    expect(problemsOf({ TRUSTED_PROXIES: text })).toEqual([
      expect.stringMatching(/^TRUSTED_PROXIES: must be IP addr/),
    ])
  },
)

it.each(['localhost', 'http://localhost:7233', 'a:b:1'])('refuses the engine address %s', (text) => {
  expect(problemsOf({ TEMPORAL_ADDRESS: text })).toEqual([
    'TEMPORAL_ADDRESS: must be host:port, such as 127.0.0.1:7233',
  ])
})

it.each(['temporal:7233', '127.0.0.1:7233', '[::1]:7233'])('takes the engine address %s', (text) => {
  expect(problemsOf({ TEMPORAL_ADDRESS: text })).toEqual([])
})

it('serves metrics only where a port is set, and then to this machine only unless an address is', () => {
  expect(readSettings(usable).metrics).toBeNull()
  expect(readSettings({ ...usable, METRICS_PORT: '9464' }).metrics).toEqual({
    port: 9464,
    address: '127.0.0.1',
  })
  expect(problemsOf({ METRICS_PORT: '70000' })).toEqual([expect.stringMatching(/^METRICS_PORT: /)])
  expect(problemsOf({ METRICS_PORT: '0', METRICS_ADDRESS: 'everywhere' })).toEqual([
    'METRICS_ADDRESS: must be an IP address such as 0.0.0.0',
  ])
  expect(problemsOf({ OTEL_EXPORTER_OTLP_ENDPOINT: 'collector:4318' })).toEqual([
    expect.stringMatching(/^OTEL_EXPORTER_OTLP_ENDPOINT: must be an address that begins with http/),
  ])
})

it('checks the settings of channels at the start, and shows no value', () => {
  const problems = problemsOf({
    SMTP_URL: 'smtp://u:sesame@mail.example.com?pool=1',
    ASSENT_DKIM_FOLDER: 'keys',
  })
  expect(problems).toEqual([
    'SMTP_URL: the options are maxConnections, name, requireTLS, ignoreTLS and tls.rejectUnauthorized',
    'ASSENT_DKIM_FOLDER: must be an absolute path',
  ])
})

it('tells wrong settings, wrong ports and busy ports of a stack in one message', async () => {
  const server = createServer()
  open.push(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  const busy = typeof address === 'object' && address !== null ? address.port : 0
  const message = await messageOf({
    PORT: '0',
    SMS_PORT: '70000',
    SHOP_PORT: String(busy),
    LOG_LEVEL: 'loud',
    ASSENT_API_KEY: 'too short a key',
    DATABASE_URL: 'mysql://localhost',
  })
  for (const name of ['SMS_PORT', 'SHOP_PORT', 'LOG_LEVEL', 'ASSENT_API_KEY', 'DATABASE_URL'])
    expect(message).toContain(name)
  expect(message).not.toContain('too short a key')
  expect(await messageOf({ PORT: '0' })).toBe('usable')
})

const checkout = new URL('../../', import.meta.url).pathname
const code = globSync('{*.ts,{api,activities,channels,db,engine,telemetry,transactions}/**/*.ts}', {
  cwd: checkout,
})
  .map((path) => readFileSync(join(checkout, path), 'utf8'))
  .join('\n')

it.each(settingNames)('%s is read by something, and the README explains it', (name) => {
  // As a property, or taken out of its object under another name.
  expect(code).toMatch(new RegExp(`\\.${name}\\b|\\b${name}: \\w+(?:,| \\})`))
  expect(readFileSync(join(checkout, 'README.md'), 'utf8')).toContain(`\`${name}\``)
})
