/** Suppressions: stops on an address, standing and lifted. */
import { and, asc, eq, gt, isNull, type SQL } from 'drizzle-orm'
import type { Db } from '../connect.ts'
import { contactPoints } from '../schema/contacts.ts'
import { suppressions } from '../schema/ledger.ts'
import { type Page, pageOf } from './page.ts'

export type SuppressionView = {
  id: string
  kind: 'hard-bounced' | 'invalid' | 'complained' | 'erased'
  reason: string | null
  since: string
  liftedAt: string | null
  /** Ledger event that lifted it. */
  liftedBy: string | null
}

/** With whose it is; the address is null where only its hash is kept. */
export type SuppressionItem = SuppressionView & {
  channel: string
  contactPoint: { id: string; channel: string; address: string | null } | null
}

const columns = {
  id: suppressions.id,
  kind: suppressions.kind,
  reason: suppressions.reason,
  since: suppressions.since,
  liftedAt: suppressions.liftedAt,
  liftedBy: suppressions.liftedBy,
}

/** All of one contact point, lifted ones too, oldest first. */
export async function readSuppressionsOf(db: Db, contactPointId: string): Promise<SuppressionView[]> {
  return db
    .select(columns)
    .from(suppressions)
    .where(eq(suppressions.contactPointId, contactPointId))
    .orderBy(asc(suppressions.id))
}

/** @param filter.address normalised; standing suppressions only, unless `lifted` asks for all */
export async function listSuppressions(
  db: Db,
  filter: {
    channel?: string | undefined
    address?: string | undefined
    lifted: boolean
    limit: number
    after?: string | undefined
  },
): Promise<Page<SuppressionItem>> {
  const where: (SQL | undefined)[] = [
    filter.channel === undefined ? undefined : eq(suppressions.channel, filter.channel),
    filter.address === undefined ? undefined : eq(contactPoints.address, filter.address),
    filter.lifted ? undefined : isNull(suppressions.liftedAt),
    filter.after === undefined ? undefined : gt(suppressions.id, filter.after),
  ]
  const rows = await db
    .select({
      ...columns,
      channel: suppressions.channel,
      point: contactPoints.id,
      address: contactPoints.address,
    })
    .from(suppressions)
    .leftJoin(contactPoints, eq(contactPoints.id, suppressions.contactPointId))
    .where(and(...where))
    .orderBy(asc(suppressions.id))
    .limit(filter.limit + 1)
  return pageOf(
    rows,
    filter.limit,
    ({ point, address, ...row }) => ({
      ...row,
      contactPoint: point === null ? null : { id: point, channel: row.channel, address },
    }),
    (row) => row.id,
  )
}
