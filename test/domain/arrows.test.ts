import { spawnSync } from 'node:child_process'
import {
  copyFileSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, normalize } from 'node:path'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'

const checkout = new URL('../../', import.meta.url).pathname

/** What each room may import of ours, beside itself; `types` in the form of `import type` only. */
const rooms: Record<
  string,
  { ours: readonly string[]; types?: readonly string[]; packages?: readonly string[] }
> = {
  domain: { ours: [] },
  workflows: {
    ours: [],
    types: ['activities', 'domain'],
    packages: ['@temporalio/workflow', '@temporalio/common'],
  },
  telemetry: { ours: ['domain'] },
  transactions: { ours: ['db', 'domain', 'threads', 'telemetry', 'failpoints.ts'] },
  threads: { ours: ['domain', 'telemetry'] },
  db: { ours: ['domain', 'telemetry'] },
  views: { ours: ['db', 'domain'], types: ['telemetry'] },
  channels: { ours: ['domain'] },
  pages: { ours: ['domain'] },
  engine: { ours: ['transactions', 'views', 'db', 'domain', 'telemetry', 'settings.ts', 'failpoints.ts'] },
  activities: {
    ours: ['transactions', 'db', 'domain', 'channels', 'threads', 'telemetry', 'failpoints.ts'],
  },
  api: {
    ours: [
      'transactions',
      'views',
      'db',
      'domain',
      'engine',
      'pages',
      'threads',
      'telemetry',
      'settings.ts',
      'lifetime.ts',
      'log.ts',
      'failpoints.ts',
      'package.json',
    ],
  },
}
const elsewhere = [
  'demo',
  'dev',
  'examples',
  'test',
  'bench',
  'server.ts',
  'worker.ts',
  'lifetime.ts',
  'log.ts',
  'failpoints.ts',
  'settings.ts',
]

type Import = { from: string; typeOnly: boolean }

/** Every import, export from and `import()` of a file. A type among values still loads the file, and so is none. */
function importsOf(source: string): Import[] {
  const statement = /^\s*(?:import|export)\s+(type\s+(?!from\b))?(?:[\w*$\s{},]*?\bfrom\s+)?'([^']+)'/gm
  const called = /\bimport\(\s*['"`]([^'"`]+)['"`]/g
  return [
    ...[...source.matchAll(statement)].map(([, type, from]) => ({
      from: from ?? '',
      typeOnly: type !== undefined,
    })),
    ...[...source.matchAll(called)].map(([, from]) => ({ from: from ?? '', typeOnly: false })),
  ]
}

/** The room a path of ours lies in; a file beside the rooms is one of its own. */
function roomOf(path: string): string {
  return path.split('/')[0] ?? path
}

/** Why an import is not allowed, or null. */
function broken(file: string, one: Import): string | null {
  const room = rooms[roomOf(file)]
  if (room === undefined) return null
  if (!one.from.startsWith('.')) {
    const allowed = room.packages === undefined || room.packages.includes(one.from)
    return allowed ? null : `${file} imports ${one.from}`
  }
  const target = roomOf(normalize(join(dirname(file), one.from)))
  if (target === roomOf(file) || room.ours.includes(target)) return null
  if (one.typeOnly && room.types?.includes(target) === true) return null
  return `${file} imports ${one.typeOnly ? 'types of ' : ''}${target}`
}

describe('the arrows between the rooms', () => {
  const files = globSync('**/*.ts', {
    cwd: checkout,
    exclude: (name) => name === 'node_modules' || name === '.assent',
  })

  test.each(Object.keys(rooms))('%s imports only what it may', (room) => {
    const own = files.filter((file) => roomOf(file) === room)
    expect(own.length).toBeGreaterThan(0)
    const found = own.flatMap((file) =>
      importsOf(readFileSync(join(checkout, file), 'utf8')).map((one) => broken(file, one)),
    )
    expect(found.filter((one) => one !== null)).toEqual([])
  })

  test('are seen in every form an import has', () => {
    const source = `
      import '../db/a.ts'
      import type { A } from '../db/b.ts'
      import { type B, c } from '../db/c.ts'
      import type D, * as e from '../db/d.ts'
      import {
        f,
      } from '../db/e.ts'
      export * from '../db/f.ts'
      export type { G } from '../db/g.ts'
      const later = await import('../db/h.ts')`
    expect(
      importsOf(source).map(({ from, typeOnly }) => `${from.slice(6, 7)}${typeOnly ? ' type' : ''}`),
    ).toEqual(['a', 'b type', 'c', 'd type', 'e', 'f', 'g type', 'h'])
    expect(broken('workflows/x.ts', { from: '../activities/activities.ts', typeOnly: true })).toBeNull()
    expect(broken('workflows/x.ts', { from: '../activities/activities.ts', typeOnly: false })).not.toBeNull()
    expect(broken('workflows/x.ts', { from: '../domain/journey/next.ts', typeOnly: true })).toBeNull()
    expect(broken('workflows/x.ts', { from: '../domain/journey/next.ts', typeOnly: false })).not.toBeNull()
    expect(broken('workflows/x.ts', { from: 'zod', typeOnly: true })).not.toBeNull()
  })
})

/** The rooms inside `transactions/`, lowest first: each imports only rooms before it, and the files beside them. */
const floors = [
  'ledger',
  'contacts',
  'definitions',
  'deliveries',
  'runs',
  'intake',
  'doubleOptIns',
  'preferences',
  'withdrawals',
  'interactions',
  'testMails',
  'recovery',
  'workers',
  'retention',
]

describe('inside transactions', () => {
  const files = globSync('transactions/**/*.ts', { cwd: checkout })
  const floorOf = (path: string): number => {
    const [, room = '', inner] = path.split('/')
    return inner === undefined ? -1 : floors.indexOf(room)
  }

  test('each room has its floor', () => {
    const rooms = files.map((file) => file.split('/').slice(1, -1)[0])
    expect(floors.filter((floor) => !rooms.includes(floor))).toEqual([])
    expect(rooms.filter((room) => room !== undefined && !floors.includes(room))).toEqual([])
  })

  test('no arrow runs up', () => {
    const up = files.flatMap((file) =>
      importsOf(readFileSync(join(checkout, file), 'utf8'))
        .filter((one) => one.from.startsWith('.'))
        .map((one) => normalize(join(dirname(file), one.from)))
        .filter((target) => target.startsWith('transactions/') && floorOf(target) > floorOf(file))
        .map((target) => `${file} imports ${target}`),
    )
    expect(up).toEqual([])
  })
})

describe('the folder of a channel', () => {
  const files = globSync('**/*.ts', {
    cwd: checkout,
    exclude: (name) => ['node_modules', '.assent', 'test', 'bench', 'dev'].includes(name),
  })
  const outside = files.filter((file) => !file.startsWith('channels/'))

  test('is opened by the registry and the settings alone', () => {
    const folders = globSync('channels/*/', { cwd: checkout })
    expect(folders.length).toBeGreaterThan(0)
    const found = files
      .filter((file) => !/^channels\/(?:registry|settings)\.ts$/.test(file))
      .flatMap((file) =>
        importsOf(readFileSync(join(checkout, file), 'utf8'))
          .map((one) => (one.from.startsWith('.') ? normalize(join(dirname(file), one.from)) : ''))
          .filter((target) => /^channels\/[^/]+\//.test(target) && dirname(target) !== dirname(file))
          .map((target) => `${file} imports ${target}`),
      )
    expect(found).toEqual([])
  })

  test('alone knows SMTP, MIME, DKIM and their codes', () => {
    const known =
      /nodemailer|\bsmtp|\bmime\b|rfc ?(?:5321|5322|3463|6376|2369)|\benhanced\b|\b[245]\.\d\.\d{1,3}\b|message-id/i
    // Names of settings and of fields that the API shows, and what a person reads in its documents.
    const shown = new Set(['domain/shapes/profile.ts', 'api/v1/deliveries.ts', 'api/people/unsubscribe.ts'])
    const found = outside
      .filter((file) => !shown.has(file) && !file.startsWith('demo/'))
      .flatMap((file) => {
        const code = readFileSync(join(checkout, file), 'utf8').replace(/\/\*[\s\S]*?\*\/|(?<!:)\/\/.*/g, '')
        const line = code.split('\n').find((one) => known.test(one))
        return line === undefined ? [] : [`${file}: ${line.trim()}`]
      })
    expect(found).toEqual([])
  })
})

describe('the lint rule', () => {
  test('goes red for each import a room may not have, and for no other', () => {
    const folder = mkdtempSync(join(tmpdir(), 'assent-arrows-'))
    try {
      copyFileSync(join(checkout, 'biome.json'), join(folder, 'biome.json'))
      symlinkSync(join(checkout, 'node_modules'), join(folder, 'node_modules'))
      const wanted = Object.keys(rooms).flatMap((room) => writeRoom(folder, room))
      expect(reportedBy(folder)).toEqual(wanted.sort())
    } finally {
      rmSync(folder, { recursive: true })
    }
  })
})

/** A file that imports everything there is, a line each; answers the lines that must be reported. */
function writeRoom(folder: string, room: string): string[] {
  const file = `${room}/inner.ts`
  const up = '../'.repeat(room.split('/').length)
  const ours = [...Object.keys(rooms), ...elsewhere].filter((one) => one !== room)
  const imports = [
    './beside.ts',
    ...ours.map((one) => `${up}${one.endsWith('.ts') ? one : `${one}/some.ts`}`),
    ...(rooms[room]?.packages === undefined
      ? []
      : ['zod', 'node:fs', '@temporalio/workflow', '@temporalio/client']),
  ]
  mkdirSync(join(folder, room), { recursive: true })
  writeFileSync(join(folder, file), imports.map((from) => `import '${from}'\n`).join(''))
  // Biome cannot tell types from values: what may be imported as a type it lets through, and the test above does not.
  return imports.flatMap((from, index) =>
    broken(file, { from, typeOnly: true }) === null ? [] : [`${file}:${index + 1}`],
  )
}

function reportedBy(folder: string): string[] {
  const biome = join(checkout, 'node_modules/.bin/biome')
  const { stdout } = spawnSync(biome, ['lint', '--max-diagnostics=none', '--reporter=json', '.'], {
    cwd: folder,
    encoding: 'utf8',
  })
  const report = z
    .object({
      diagnostics: z.array(
        z.object({
          category: z.string(),
          location: z.object({ path: z.string(), start: z.object({ line: z.number() }) }),
        }),
      ),
    })
    .parse(JSON.parse(stdout))
  return report.diagnostics
    .filter(({ category }) => category === 'lint/style/noRestrictedImports')
    .map(({ location }) => `${location.path}:${location.start.line}`)
    .sort()
}
