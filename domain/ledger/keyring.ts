/**
 * Keys from the environment as `id:base64url[,…]`, newest first, each 32 bytes. The newest key is used for writing; the
 * others only for reading what was written under them. Key material never appears in an error, nor when a keyring is
 * logged (Node's KeyObject prints none).
 */
import { createSecretKey, type KeyObject } from 'node:crypto'

export type KeyringKey = { readonly id: string; readonly key: KeyObject }

/** Wraps the contact points' own keys (ASSENT_DATA_KEYS). Never empty; `newest` is the first of `keys`. */
export type DataKeyring = { readonly newest: KeyringKey; readonly keys: readonly KeyringKey[] }

/** Everything that is wrong with a list of keys, one sentence each. */
export class KeyringError extends Error {
  readonly problems: readonly string[]

  constructor(problems: readonly string[]) {
    super(problems.join('; '))
    this.name = 'KeyringError'
    this.problems = problems
  }
}

/** @throws KeyringError that lists all that is wrong, naming keys by place and id only */
export function parseDataKeys(text: string): DataKeyring {
  const problems: string[] = []
  const keys: KeyringKey[] = []
  const ids = new Set<string>()
  for (const [place, part] of text.split(',').entries()) {
    const entry = part.trim()
    const colon = entry.indexOf(':')
    const nth = `key ${place + 1}`
    if (entry === '') {
      problems.push(`${nth} is empty; write id:key[,id:key]`)
    } else if (colon < 0) {
      // The whole entry may be a key whose id was forgotten, so none of it is shown.
      problems.push(`${nth} has no id; write id:key`)
    } else {
      const id = entry.slice(0, colon)
      const material = keyMaterial(entry.slice(colon + 1))
      if (!/^[A-Za-z0-9][A-Za-z0-9._-]{0,31}$/.test(id)) {
        problems.push(`${nth} has no good id: letters, digits, ".", "_" and "-", at most 32`)
      } else if (ids.has(id)) {
        problems.push(`${nth} repeats the id "${id}"`)
      } else if (typeof material === 'string') {
        problems.push(`${nth} ("${id}") ${material}`)
      } else {
        keys.push({ id, key: createSecretKey(material) })
      }
      ids.add(id)
    }
  }
  const [newest] = keys
  if (problems.length > 0 || newest === undefined) throw new KeyringError(problems)
  return { newest, keys }
}

/** The 32 bytes, or what is wrong with them. */
function keyMaterial(text: string): Buffer | string {
  const bare = text.endsWith('=') ? text.slice(0, -1) : text
  if (!/^[A-Za-z0-9_-]*$/.test(bare)) return 'is not base64url (letters, digits, "-" and "_")'
  const bytes = Buffer.from(bare, 'base64url')
  if (bytes.length !== 32) return `is ${bytes.length} bytes long, not 32`
  // Lenient decoding would accept two texts for one key: a mistyped last letter must not pass.
  if (bytes.toString('base64url') !== bare) return 'is not exact base64url: its last letter has stray bits'
  if (bytes.every((byte) => byte === bytes[0])) return 'is no random key'
  return bytes
}
