/** Deliveries by the place that names them: a run's position, or a request's mails. */
import { eq } from 'drizzle-orm'
import { newId } from '../../db/ids.ts'
import { doubleOptIns } from '../../db/schema/doubleOptIns.ts'
import { runs } from '../../db/schema/journeys.ts'
import { readPosition } from '../../domain/journey/position.ts'
import type { DeliveryRef } from '../../transactions/deliveries/origin.ts'
import type { Deps } from '../../transactions/deps.ts'

/** The send that the run is at. */
export async function refOfRun({ db }: Deps, run: string): Promise<DeliveryRef> {
  const [row] = await db.select().from(runs).where(eq(runs.id, run))
  const { delivery, step } = readPosition(row?.position)
  if (delivery === undefined) throw new Error(`the run is at ${step}, which sends nothing`)
  return { kind: 'run', run, delivery }
}

/** The nth mail of a request, from 1; made due where it is not yet. */
export async function refOfMail({ db }: Deps, request: string, n: number): Promise<DeliveryRef> {
  const [row] = await db.select().from(doubleOptIns).where(eq(doubleOptIns.id, request))
  const mails = [...(row?.mails ?? [])]
  while (mails.length < n) mails.push(newId())
  await db.transaction((tx) => tx.update(doubleOptIns).set({ mails }).where(eq(doubleOptIns.id, request)))
  const delivery = mails[n - 1]
  if (delivery === undefined) throw new Error('mails are counted from 1')
  return { kind: 'double-opt-in', request, delivery }
}
