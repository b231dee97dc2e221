/**
 * The secrets of a local stack: made once, by chance, and kept in `.assent/keys.json` that only its owner can read. Losing
 * them makes the evidence in the local ledger unreadable, as it would in production.
 */
import { randomBytes } from 'node:crypto'
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { z } from 'zod'

const keysShape = z.object({
  /** Wraps the keys of contact points; `id:key`, newest first. */
  ASSENT_DATA_KEYS: z.string(),
  /** An admin key of the API. */
  ASSENT_API_KEY: z.string(),
  /** What the SMS sandbox and we share. */
  TWILIO_ACCOUNT_SID: z.string(),
  TWILIO_AUTH_TOKEN: z.string(),
  /** The password of the application's database role. */
  databasePassword: z.string(),
})

export type StackKeys = z.infer<typeof keysShape>

function newKeys(): StackKeys {
  const key = (): string => randomBytes(32).toString('base64url')
  return {
    ASSENT_DATA_KEYS: `k1:${key()}`,
    ASSENT_API_KEY: `assent_${key()}`,
    TWILIO_ACCOUNT_SID: `AC${randomBytes(16).toString('hex')}`,
    TWILIO_AUTH_TOKEN: randomBytes(16).toString('hex'),
    databasePassword: randomBytes(24).toString('base64url'),
  }
}

/** @throws Error when the file is there but not whole: it is never overwritten */
export function keptKeys(file: string): StackKeys {
  if (existsSync(file)) {
    const kept = keysShape.safeParse(JSON.parse(readFileSync(file, 'utf8')))
    if (kept.success) return kept.data
    throw new Error(`${file} is damaged: ${z.prettifyError(kept.error)}`)
  }
  const keys = newKeys()
  writeFileSync(`${file}.new`, `${JSON.stringify(keys, null, 2)}\n`, { mode: 0o600 })
  renameSync(`${file}.new`, file)
  return keys
}
