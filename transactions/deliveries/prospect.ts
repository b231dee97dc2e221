/** The input of a claim: a rendering made from a forecast, and the check whether it is still valid under the locks. */
import type { Intended } from '../../db/reads/intended.ts'
import type { Confirmation } from './confirmationEvidence.ts'
import type { Assessment } from './origin.ts'

/** A rendering that is ready to leave, and the forecast it was made from. */
export type Rendering = {
  ready: true
  assessment: Assessment
  /** Hex SHA-256 of the handle in its links. */
  handleHash: string
  links: { tokenHash: string; position: number; link: string; url: string }[]
  /** Whether it carries a pixel, and redirects. */
  tracksOpens: boolean
  tracksClicks: boolean
  /** What the provider's log knows it by, where that is known before the hand-over. */
  providerId: string | null
  /** Whether its channel may repeat a hand-over that got no answer. */
  idempotent: boolean
  /** Of a double opt-in only. */
  confirmation: Confirmation | null
}

/** A rendering, or, where the forecast was a block, only the forecast, to record the block. */
export type Prospect = Rendering | { ready: false; assessment: Assessment }

/** A rendering holds only for the very message, profile, address and tracking rights it was made with. */
export function stillHolds(prospect: Prospect, now: Assessment): prospect is Rendering {
  return (
    prospect.ready &&
    sameIntended(prospect.assessment.intended, now.intended) &&
    prospect.assessment.decision.tracking.allowed === now.decision.tracking.allowed
  )
}

/** The same message to the same address, in the same versions. */
function sameIntended(made: Intended, now: Intended): boolean {
  return (
    made.message.key === now.message.key &&
    made.message.version === now.message.version &&
    made.profile.key === now.profile.key &&
    made.profile.version === now.profile.version &&
    made.contactPoint === now.contactPoint
  )
}
