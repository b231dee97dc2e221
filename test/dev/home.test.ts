import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { HomeTaken, takeHome } from '../../dev/home.ts'
import { keptKeys } from '../../dev/keys.ts'
import { parseDataKeys } from '../../domain/ledger/keyring.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'assent-home-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))
const quiet = (): void => {}

test('a folder holds one stack: a second is refused, and may start after the first has ended', async () => {
  const first = await takeHome(folder, quiet)
  await expect(takeHome(folder, quiet)).rejects.toThrow(HomeTaken)
  first.release()
  const second = await takeHome(folder, quiet)
  second.release()
})

test('the lock of a killed run is no lock, even when its process id belongs to another by now', async () => {
  const reused = { name: 'supervisor', pid: process.ppid, started: 'another time' }
  writeFileSync(
    join(folder, 'lock'),
    JSON.stringify({ supervisor: reused, parts: [{ ...reused, name: 'engine' }] }),
  )
  const home = await takeHome(folder, quiet)
  expect(JSON.parse(readFileSync(join(folder, 'lock'), 'utf8'))).toMatchObject({
    supervisor: { pid: process.pid },
  })
  home.release()
  expect(existsSync(join(folder, 'lock'))).toBe(false)
})

test('keys are made once, are read by their owner only, and are never made anew over damaged ones', () => {
  const file = join(folder, 'keys.json')
  const keys = keptKeys(file)
  expect(keptKeys(file)).toEqual(keys)
  expect(statSync(file).mode & 0o777).toBe(0o600)
  expect(keys.ASSENT_API_KEY).toMatch(/^assent_[\w-]{43}$/)
  expect(parseDataKeys(keys.ASSENT_DATA_KEYS).newest.id).toBe('k1')
  writeFileSync(file, '{}')
  expect(() => keptKeys(file)).toThrow(/damaged/)
})
