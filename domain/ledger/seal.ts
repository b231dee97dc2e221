/**
 * Seals the personal part of an event, who the person is and what they did: AES-256-GCM under the contact point's key.
 * The box is part of the event's bytes, so the chain covers the ciphertext. It is bound to contact point, event and
 * schema version: a box moved elsewhere does not open. Once the key is destroyed nothing can open it, and the chain
 * still verifies.
 */
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'
import { z } from 'zod'
import { canonicalBytes, jsonProblem } from './canonical.ts'
import type { DataKey } from './dataKey.ts'
import { withoutNulls } from './encode.ts'
import { type SealedBox, schemaVersion } from './event.ts'

const orNull = <T extends z.ZodType>(shape: T) => shape.nullable().default(null)

/** Who acted: the person, a key or user of the controller (perhaps on the person's behalf), or Assent itself. */
const actor = z.strictObject({
  kind: z.enum(['subject', 'key', 'user', 'system']),
  id: orNull(z.string()),
  onBehalfOf: orNull(z.string()),
})

/** The personal part of an event's evidence. */
export const SealedEvidence = z.strictObject({
  /** The circumstances, in words. */
  circumstances: orNull(z.string()),
  /** The paper, call or ticket that proves a consent recorded by staff. */
  reference: orNull(z.string()),
  pageUrl: orNull(z.string()),
  actor: orNull(actor),
  /** The person's IP address, as the trusted proxies report it. */
  ip: orNull(z.string()),
  userAgent: orNull(z.string()),
  /** Further evidence from the caller, kept verbatim. Free JSON; null is the same as none. */
  evidence: z
    .unknown()
    .refine((value) => jsonProblem(value) === null, 'must be JSON')
    .default(null),
})
export type SealedEvidence = z.output<typeof SealedEvidence>

/** Which event a box belongs to. */
export type SealedPlace = { contactPoint: string; event: string }

export type Opened =
  | { opened: 'evidence'; evidence: SealedEvidence }
  /** The key is destroyed, or is a newer one than the box was sealed with. */
  | { opened: 'erased' }
  /** The key is the right one, but the box does not open: it was changed or moved. */
  | { opened: 'unreadable' }

const nonceLength = 12
const tagLength = 16

/**
 * @param nonce 12 bytes, never used twice with the same key; random unless a test fixes it
 * @throws CanonicalFormError if JSON cannot represent the evidence (for example lone surrogates)
 */
export function seal(
  key: DataKey,
  place: SealedPlace,
  evidence: SealedEvidence,
  nonce: Uint8Array = randomBytes(nonceLength),
): SealedBox {
  const cipher = createCipheriv('aes-256-gcm', key.key, nonce, { authTagLength: tagLength })
  cipher.setAAD(boundTo(place))
  const ciphertext = Buffer.concat([cipher.update(plainBytes(evidence)), cipher.final()])
  return {
    alg: 'A256GCM',
    key: key.id,
    iv: Buffer.from(nonce).toString('base64url'),
    ciphertext: ciphertext.toString('base64url'),
    tag: cipher.getAuthTag().toString('base64url'),
  }
}

/** @param key the contact point's key; null once it is destroyed */
export function open(key: DataKey | null, place: SealedPlace, box: SealedBox): Opened {
  if (key === null || key.id !== box.key) return { opened: 'erased' }
  try {
    const decipher = createDecipheriv('aes-256-gcm', key.key, Buffer.from(box.iv, 'base64url'), {
      authTagLength: tagLength,
    })
    decipher.setAAD(boundTo(place))
    decipher.setAuthTag(Buffer.from(box.tag, 'base64url'))
    const plain = Buffer.concat([decipher.update(Buffer.from(box.ciphertext, 'base64url')), decipher.final()])
    const evidence = SealedEvidence.safeParse(JSON.parse(plain.toString('utf8')))
    return evidence.success ? { opened: 'evidence', evidence: evidence.data } : { opened: 'unreadable' }
  } catch {
    return { opened: 'unreadable' }
  }
}

/** Fields without a value are left out; the caller's own JSON keeps its nulls. */
function plainBytes({ evidence, ...fields }: SealedEvidence): Uint8Array {
  return canonicalBytes(evidence === null ? withoutNulls(fields) : { ...withoutNulls(fields), evidence })
}

function boundTo({ contactPoint, event }: SealedPlace): Buffer {
  return Buffer.from(`assent evidence\n${schemaVersion}\n${contactPoint}\n${event}`, 'utf8')
}
