/** A confirmation mail is evidence: its token's hash is kept, and its exact text under the contact point's key. */
import type { Db } from '../../db/connect.ts'
import { deliveryContents } from '../../db/schema/deliveries.ts'
import { doubleOptInTokens } from '../../db/schema/doubleOptIns.ts'
import { seal } from '../../domain/ledger/seal.ts'
import type { Deps } from '../deps.ts'
import { evidenceKey } from '../ledger/evidenceKey.ts'
import type { DeliveryRow, LockedContactPoint } from '../locks.ts'

/** `text`: as sent, the token left out. */
export type Confirmation = {
  tokenHash: string
  text: { subject: string; html: string | null; text: string }
}

export async function keepConfirmation(
  tx: Db,
  deps: Deps,
  contactPoint: LockedContactPoint,
  confirmation: Confirmation,
  delivery: DeliveryRow,
): Promise<void> {
  if (delivery.doubleOptIn === null) return
  await tx
    .insert(doubleOptInTokens)
    .values({ hash: Buffer.from(confirmation.tokenHash, 'hex'), doubleOptIn: delivery.doubleOptIn })
  const sealed = seal(
    await evidenceKey(tx, deps, contactPoint),
    { contactPoint: contactPoint.id, event: delivery.id },
    {
      circumstances: null,
      reference: null,
      pageUrl: null,
      actor: null,
      ip: null,
      userAgent: null,
      evidence: confirmation.text,
    },
  )
  await tx
    .insert(deliveryContents)
    .values({ deliveryId: delivery.id, sealed })
    .onConflictDoUpdate({ target: deliveryContents.deliveryId, set: { sealed } })
}
