/** The evidence of a person's action on one of our own pages. */
import type { SealedEvidence } from '../domain/ledger/seal.ts'

export type PersonSaid = {
  /** The page's address without its token, because the token is a key and many people read evidence. */
  pageUrl: string
  /** As the trusted proxies report it. */
  ip: string | null
  userAgent: string | null
}

/** @param circumstances a sentence that describes how the action came about */
export function evidenceOf(said: PersonSaid, circumstances: string): Partial<SealedEvidence> {
  return { ...said, circumstances, actor: { kind: 'subject', id: null, onBehalfOf: null } }
}
