/** Opens the sealed evidence of one contact point, or says why it cannot. */
import { type DataKey, unwrapDataKey, WrappedKeyError } from '../domain/ledger/dataKey.ts'
import type { SealedBox } from '../domain/ledger/event.ts'
import type { DataKeyring } from '../domain/ledger/keyring.ts'
import { open, type SealedEvidence } from '../domain/ledger/seal.ts'

/**
 * The evidence, or why it is not shown. `none`: nothing was kept; `erased`: its key is destroyed; `unreadable`: it was
 * changed or moved; `key-unavailable`: the key that wraps it is not among ASSENT_DATA_KEYS, an operator must look.
 */
export type OpenedEvidence = SealedEvidence | 'none' | 'erased' | 'unreadable' | 'key-unavailable'

/** @param event id of the event, or of the delivery, whose evidence it is */
export type Opener = (event: string, box: SealedBox | null) => OpenedEvidence

export function openerOf(
  dataKeys: DataKeyring,
  contactPoint: { id: string; dataKey: Uint8Array | null; dataKeyId: string | null },
): Opener {
  const key = keyOf(dataKeys, contactPoint)
  return (event, box) => {
    if (box === null) return 'none'
    if (key === 'key-unavailable') return key
    const result = open(key, { contactPoint: contactPoint.id, event }, box)
    return result.opened === 'evidence' ? result.evidence : result.opened
  }
}

function keyOf(
  dataKeys: DataKeyring,
  { id, dataKey, dataKeyId }: { id: string; dataKey: Uint8Array | null; dataKeyId: string | null },
): DataKey | null | 'key-unavailable' {
  if (dataKey === null || dataKeyId === null) return null
  try {
    return unwrapDataKey(dataKeys, id, { wrapped: dataKey, wrappedBy: dataKeyId })
  } catch (error) {
    if (error instanceof WrappedKeyError) return 'key-unavailable'
    throw error
  }
}
