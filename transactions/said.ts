/** What a person's act on one of our own pages leaves as evidence, beside the act itself. */
import type { SealedEvidence } from '../domain/ledger/seal.ts'

export type PersonSaid = {
  /** The page's address without its token: a token is a key, and evidence is read by many. */
  pageUrl: string
  /** As the trusted proxies report it. */
  ip: string | null
  userAgent: string | null
}

/** @param circumstances how it came about, in words */
export function evidenceOf(said: PersonSaid, circumstances: string): Partial<SealedEvidence> {
  return { ...said, circumstances, actor: { kind: 'subject', id: null, onBehalfOf: null } }
}
