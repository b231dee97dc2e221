import { randomBytes } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Ajv } from 'ajv'
import formats from 'ajv-formats'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { z } from 'zod'
import { searchAttributes } from '../../dev/engine.ts'
import { checkout } from '../../dev/home.ts'
import { journeyAttribute, stateAttribute, versionAttribute } from '../../engine/searchAttributes.ts'
import { readSettings } from '../../settings.ts'

const read = (...path: string[]): string => readFileSync(join(checkout, ...path), 'utf8')
const text = read('docker-compose.yml')
const document: unknown = parse(text, { merge: true })

const serviceShape = z.looseObject({
  image: z.string(),
  build: z.string().optional(),
  command: z.array(z.string()).optional(),
  restart: z.string(),
  environment: z.record(z.string(), z.string()).optional(),
  ports: z.array(z.string()).optional(),
  expose: z.array(z.string()).optional(),
  volumes: z.array(z.string()).optional(),
  depends_on: z.record(z.string(), z.looseObject({ condition: z.string() })).optional(),
  healthcheck: z.unknown().optional(),
  read_only: z.boolean().optional(),
})
const { services } = z.looseObject({ services: z.record(z.string(), serviceShape) }).parse(document)

function service(name: string): z.infer<typeof serviceShape> {
  const found = services[name]
  if (found === undefined) throw new Error(`no service ${name}`)
  return found
}

/** Stand-ins for what has to be given from outside. */
const key = randomBytes(32).toString('base64url')
const given: Readonly<Record<string, string>> = {
  PUBLIC_URL: 'https://mail.example.com',
  ASSENT_DATABASE_PASSWORD: 'secret',
  ASSENT_DATA_KEYS: `k1:${key}`,
  ASSENT_API_KEY: key,
}

/** A value as Compose would fill it in: `${NAME:-otherwise}` and `${NAME:?why it is needed}`. */
function filled(value: string): string {
  return value.replace(/\$\{(\w+):([-?])([^}]*)\}/g, (_, name: string, kind: string, rest: string) => {
    const found = given[name]
    if (found === undefined && kind === '?') throw new Error(`${name} must be given: ${rest}`)
    return found ?? rest
  })
}

test('docker-compose.yml follows the Compose Specification’s schema', () => {
  const shape = z.record(z.string(), z.unknown())
  // It names its dialect, draft 7, by an address that ajv knows under another spelling.
  const { $schema: _, ...schema } = shape.parse(JSON.parse(read('test', 'dev', 'compose-spec.json')))
  const ajv = new Ajv({ strict: false, allErrors: true })
  formats.default(ajv)
  const validate = ajv.compile(schema)
  validate(document)
  expect(validate.errors).toBeNull()
})

describe('the API and the worker', () => {
  test('are one image with one environment and two commands', () => {
    const [api, worker] = [service('api'), service('worker')]
    expect(worker.image).toBe(api.image)
    expect(worker.build).toBe('.')
    expect(worker.environment).toEqual(api.environment)
    expect([api.command, worker.command]).toEqual([
      ['node', 'server.ts'],
      ['node', 'worker.ts'],
    ])
  })

  test('have every variable they require, and none has to be given that is not a secret or the address', () => {
    const environment = Object.entries(service('api').environment ?? {}).map(([name, value]) => [
      name,
      filled(value),
    ])
    const settings = readSettings(Object.fromEntries(environment))
    expect(settings).toMatchObject({
      PORT: 3000,
      PUBLIC_URL: 'https://mail.example.com',
      DATABASE_URL: 'postgres://assent:secret@postgres:5432/assent',
      TEMPORAL_ADDRESS: 'temporal:7233',
      SMTP_URL: 'smtp://mailbox:1025',
    })
  })

  test('serve metrics to their own network, and publish no port for it', () => {
    for (const name of ['api', 'worker']) {
      const environment = Object.entries(service(name).environment ?? {}).map(([key, value]) => [
        key,
        filled(value),
      ])
      expect(readSettings(Object.fromEntries(environment)).metrics).toEqual({
        port: 9464,
        address: '0.0.0.0',
      })
      expect(service(name).expose).toEqual(['9464'])
      for (const port of service(name).ports ?? []) expect(port).not.toContain('9464')
    }
  })

  test('wait for the database, the engine and its namespace; the worker for the migrations too', () => {
    for (const name of ['api', 'worker'])
      expect(service(name).depends_on).toMatchObject({
        postgres: { condition: 'service_healthy' },
        temporal: { condition: 'service_healthy' },
        'temporal-namespace': { condition: 'service_completed_successfully' },
      })
    expect(service('worker').depends_on?.api?.condition).toBe('service_healthy')
    expect(service('temporal').depends_on?.['temporal-schema']?.condition).toBe(
      'service_completed_successfully',
    )
  })

  test('run without privileges', () => {
    for (const name of ['api', 'worker'])
      expect(service(name)).toMatchObject({ read_only: true, cap_drop: ['ALL'] })
    expect(read('Dockerfile')).toMatch(/^USER node$/m)
  })
})

test('no secret is written down: each has to be given', () => {
  const secret = /PASSWORD|_PWD|SECRET|KEY/
  for (const { environment = {} } of Object.values(services))
    for (const [name, value] of Object.entries(environment))
      if (secret.test(name)) expect(value, name).toMatch(/^\$\{\w+:\?[^}]+\}$/)
  expect(service('api').environment?.DATABASE_URL).toMatch(/:\/\/assent:\$\{\w+:\?[^}]+\}@postgres/)
})

test('every port is bound to this machine only', () => {
  for (const { ports = [] } of Object.values(services))
    for (const port of ports) expect(port).toMatch(/^127\.0\.0\.1:/)
})

test('what others wait for has a health check, and everything that ends is started anew', () => {
  for (const { depends_on = {} } of Object.values(services))
    for (const [name, { condition }] of Object.entries(depends_on))
      if (condition === 'service_healthy') expect(service(name).healthcheck, name).toBeDefined()
  for (const { restart } of Object.values(services))
    expect(restart).toMatch(/^(unless-stopped|on-failure:\d+)$/)
})

test('every image has an exact version, but for our own', () => {
  for (const { image } of Object.values(services))
    expect(image).toMatch(/^(assent:\$\{ASSENT_VERSION:-local\}|postgres:18|[\w/-]+:\d+\.\d+\.\d+)$/)
})

test('the files that are mounted are there', () => {
  for (const { volumes = [] } of Object.values(services))
    for (const volume of volumes) {
      const [source = ''] = volume.split(':')
      if (source.startsWith('./')) expect(existsSync(join(checkout, source)), source).toBe(true)
    }
})

test('the namespace gets the search attributes of our workflows, as the development server does', () => {
  const ours = [journeyAttribute, versionAttribute, stateAttribute].map(({ name }) => name)
  expect(Object.keys(searchAttributes).sort()).toEqual(ours.sort())
  const script = read('dev', 'compose', 'temporal-namespace.sh')
  for (const [name, type] of Object.entries(searchAttributes)) expect(script).toContain(`${name}=${type}`)
})
