/** Deletes one batch of what has been kept long enough, in a transaction of its own. */
import type { Db } from '../../db/connect.ts'
import type { RetentionName } from '../../domain/retention.ts'
import { failpoint } from '../../failpoints.ts'
import { type Batch, type Swept, sweeps } from './sweeps.ts'

/** @param batch.most left out: as many rows as the sweep's own batches have */
export async function sweepBatch(
  db: Db,
  name: RetentionName,
  { days, after = null, most = sweeps[name].most }: Pick<Batch, 'days'> & Partial<Batch>,
): Promise<Swept> {
  const swept = await db.transaction(async (tx) => {
    const [row] = await tx.execute<Swept>(sweeps[name].statement({ days, most, after }))
    await failpoint('retention:swept')
    return row
  })
  if (swept === undefined) throw new TypeError(`the sweep of ${name} answered nothing`)
  return swept
}
