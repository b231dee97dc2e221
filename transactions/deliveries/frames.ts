/** Stores what the inputs of a version's decisions share, once, under its hash. */
import { createHash } from 'node:crypto'
import { sql } from 'drizzle-orm'
import { type BoundQuery, given, PreparedQuery } from '../../db/preparedQuery.ts'
import { decisionFrames } from '../../db/schema/deliveries.ts'
import type { Frame } from '../../domain/consent/frame.ts'
import { canonicalBytes, textOf } from '../../domain/ledger/canonical.ts'
import type { Deps } from '../deps.ts'
import { whenCommitted } from '../outcomes.ts'

export type KeptFrame = {
  hash: Uint8Array
  /** Stores the frame. Null where this process knows that it is stored. */
  keep: BoundQuery<unknown> | null
}

/** @param inner its `db` is the transaction that stores the delivery */
export function frameOf(inner: Deps, frame: Frame): KeptFrame {
  const bytes = canonicalBytes(frame)
  const hash = createHash('sha256').update(bytes).digest()
  const name = hash.toString('hex')
  const { frames } = inner.versions
  if (frames.has(name)) return { hash, keep: null }
  // Known only once it is committed: a transaction that fails takes the frame along.
  whenCommitted(inner, () => frames.add(name))
  return { hash, keep: insert.with({ hash, frame: textOf(bytes) }) }
}

const insert = new PreparedQuery<{ hash: Uint8Array; frame: string }, never>(
  sql`insert into decision_frames (hash, frame) values (${sql.param(given('hash'), decisionFrames.hash)}, ${given('frame')})
    on conflict do nothing`,
)
