/** Keys that sign mail come from one folder; what a profile says cannot have another file read. */
import { generateKeyPairSync } from 'node:crypto'
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { DkimKeys } from '../../../channels/email/dkimKeys.ts'

const pem = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({
  type: 'pkcs8',
  format: 'pem',
}) as string
let around = ''
let folder = ''
let keys: DkimKeys
beforeAll(async () => {
  around = await mkdtemp(join(tmpdir(), 'dkim-'))
  folder = join(around, 'keys')
  await mkdir(join(folder, 'inner'), { recursive: true })
  // A folder beside it whose path begins the same.
  await mkdir(`${folder}-beside`)
  await writeFile(join(`${folder}-beside`, 'rsa.pem'), pem)
  await writeFile(join(around, 'secret.pem'), pem)
  await writeFile(join(folder, 'rsa.pem'), pem)
  await writeFile(join(folder, 'inner', 'rsa.pem'), pem)
  await writeFile(join(folder, 'words.txt'), 'sesame')
  await writeFile(join(folder, 'huge.pem'), pem + ' '.repeat(70_000))
  const ed = generateKeyPairSync('ed25519').privateKey
  await writeFile(join(folder, 'ed25519.pem'), ed.export({ type: 'pkcs8', format: 'pem' }))
  await symlink(join(around, 'secret.pem'), join(folder, 'out.pem'))
  await symlink(join(`${folder}-beside`, 'rsa.pem'), join(folder, 'beside.pem'))
  await symlink(join('inner', 'rsa.pem'), join(folder, 'mounted.pem'))
  keys = new DkimKeys(folder)
})
afterAll(() => rm(around, { recursive: true }))

describe('a key file', () => {
  it('is read from the folder, also over a link that stays in it', async () => {
    expect(await keys.read('rsa.pem')).toBe(pem)
    expect(await keys.read('mounted.pem')).toBe(pem)
  })

  it.each([
    '../secret.pem',
    'inner/rsa.pem',
    '/etc/passwd',
    '..',
    '.',
    '',
    '.hidden',
    'a\0b',
    'rsa.pem/',
    '%2e%2e',
    'inner\\rsa.pem',
  ])('is a plain name, and not %j', async (name) => {
    await expect(keys.read(name)).rejects.toMatchObject({ code: 'bad-name' })
  })

  it.each([
    ['out.pem', 'outside'],
    ['beside.pem', 'outside'],
    ['missing.pem', 'not-found'],
    ['inner', 'unreadable'],
    ['huge.pem', 'unreadable'],
    ['words.txt', 'not-rsa'],
    ['ed25519.pem', 'not-rsa'],
  ])('%s is refused as %s, with nothing of what is in it', async (name, code) => {
    const error: unknown = await keys.read(name).catch((reason: unknown) => reason)
    expect(error).toMatchObject({ name: 'DkimKeyError', code })
    expect(String(error)).not.toMatch(/sesame|BEGIN|tmp/)
  })

  it('that is exchanged is taken as it is then', async () => {
    await writeFile(join(folder, 'changing.pem'), pem)
    expect(await keys.read('changing.pem')).toBe(pem)
    await writeFile(join(folder, 'changing.pem'), 'no key any more')
    await expect(keys.read('changing.pem')).rejects.toMatchObject({ code: 'not-rsa' })
  })

  it('without a folder there is none', async () => {
    await expect(new DkimKeys(null).read('rsa.pem')).rejects.toMatchObject({ code: 'no-folder' })
  })
})
