/**
 * Private keys for DKIM (RFC 6376) from one folder, `ASSENT_DKIM_FOLDER`. A profile names a file in it by its plain name, so a caller who
 * may put a profile cannot make us read any other file. A symbolic link is followed only if its target is inside the folder, as in
 * mounted Kubernetes secrets.
 */
import { createPrivateKey } from 'node:crypto'
import { constants } from 'node:fs'
import { open, realpath } from 'node:fs/promises'
import { join, sep } from 'node:path'
import { EnvironmentFault } from '../../domain/delivery/faults.ts'

/** The error in the settings, the name or the file. `not-rsa`: no RSA private key in PEM. `cannot-sign`: an RSA key that cannot sign. */
export type DkimKeyCode =
  | 'no-folder'
  | 'bad-name'
  | 'not-found'
  | 'outside'
  | 'unreadable'
  | 'not-rsa'
  | 'cannot-sign'

/** The key cannot be used now. The error's text contains nothing of the key and no path. */
export class DkimKeyError extends EnvironmentFault {
  override readonly name = 'DkimKeyError'
  readonly code: DkimKeyCode

  constructor(code: DkimKeyCode) {
    super(`dkim-key: ${code}`, explanations[code])
    this.code = code
  }
}

const explanations: Record<DkimKeyCode, string> = {
  'no-folder': 'No folder for DKIM keys is set. Set ASSENT_DKIM_FOLDER for the API and the worker.',
  'bad-name':
    'The key file must be the plain name of a file in ASSENT_DKIM_FOLDER, such as "example-com.pem".',
  'not-found': 'There is no such file in ASSENT_DKIM_FOLDER. Put the key there first.',
  outside: 'The key file is a link that leads out of ASSENT_DKIM_FOLDER.',
  unreadable: 'The key file cannot be read. Check its permissions.',
  'not-rsa': 'The key file is not an RSA private key in PEM without a password.',
  'cannot-sign': 'The key cannot sign. Replace it by an RSA private key in PEM.',
}

const PLAIN_NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,199}$/
/** Bytes; a key of 16,384 bits has 13,000. */
const LARGEST = 65_536

export class DkimKeys {
  readonly #folder: string | null
  /** Keys that were checked and can sign, by file name. */
  readonly #usable = new Map<string, string>()

  constructor(folder: string | null) {
    this.#folder = folder
  }

  /**
   * Reads the key in PEM. The file is read each time, so a new file takes effect at once.
   *
   * @throws DkimKeyError
   */
  async read(keyFile: string): Promise<string> {
    if (!PLAIN_NAME.test(keyFile)) throw new DkimKeyError('bad-name')
    if (this.#folder === null) throw new DkimKeyError('no-folder')
    const text = await readInside(this.#folder, keyFile)
    if (this.#usable.get(keyFile) !== text) {
      if (!isRsaKey(text)) throw new DkimKeyError('not-rsa')
      this.#usable.set(keyFile, text)
    }
    return text
  }
}

async function readInside(folder: string, name: string): Promise<string> {
  try {
    const real = await realpath(join(folder, name))
    if (!real.startsWith((await realpath(folder)) + sep)) throw new DkimKeyError('outside')
    const file = await open(real, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
    try {
      const facts = await file.stat()
      if (!facts.isFile() || facts.size > LARGEST) throw new DkimKeyError('unreadable')
      return await file.readFile('utf8')
    } finally {
      await file.close()
    }
  } catch (error) {
    if (error instanceof DkimKeyError) throw error
    const missing = error instanceof Error && 'code' in error && error.code === 'ENOENT'
    throw new DkimKeyError(missing ? 'not-found' : 'unreadable')
  }
}

function isRsaKey(text: string): boolean {
  try {
    return createPrivateKey(text).asymmetricKeyType === 'rsa'
  } catch {
    return false
  }
}
