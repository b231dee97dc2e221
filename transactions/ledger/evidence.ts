/** Parts what proves a consent: what says nothing of the person stays in clear, the rest is sealed. */
import type { SealedEvidence } from '../../domain/ledger/seal.ts'
import type { Evidence } from '../../domain/shapes/consent.ts'
import type { NewEvent } from './appendEvents.ts'

export function splitEvidence(evidence: Evidence | undefined): {
  clear: NonNullable<NewEvent['clear']>
  sealed: Partial<SealedEvidence>
} {
  if (evidence === undefined) return { clear: {}, sealed: {} }
  return {
    clear: {
      lawfulBasis: evidence.lawfulBasis ?? null,
      defaultState: evidence.defaultState ?? null,
      formVersion: evidence.formVersion ?? null,
      controller: evidence.controller ?? null,
      jurisdiction: evidence.jurisdiction ?? null,
      expiresAt: evidence.expiresAt ?? null,
    },
    sealed: {
      pageUrl: evidence.pageUrl ?? null,
      ip: evidence.ip ?? null,
      userAgent: evidence.userAgent ?? null,
      evidence: evidence.more ?? null,
    },
  }
}
