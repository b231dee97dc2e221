/** Suppressions: stops on an address, active and lifted. */
import { asc, eq, inArray, isNull, sql } from 'drizzle-orm'
import type { Db } from '../db/connect.ts'
import { findContactPoint } from '../db/reads/contactPoint.ts'
import { contactPoints } from '../db/schema/contacts.ts'
import { suppressions } from '../db/schema/ledger.ts'
import { type Page, pageOf } from './page.ts'
import { oldestFirst } from './walk.ts'

export type SuppressionView = {
  id: string
  kind: 'hard-bounced' | 'invalid' | 'complained' | 'erased'
  reason: string | null
  since: string
  liftedAt: string | null
  /** Ledger event that lifted it. */
  liftedBy: string | null
}

/** With its contact point; the address is null if only its hash is kept. */
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
  const { channel, address } = filter
  const point =
    channel === undefined || address === undefined ? undefined : await findContactPoint(db, channel, address)
  if (point === null) return { items: [], next: null }
  const ids = oldestFirst(suppressions, {
    ...filter,
    id: suppressions.id,
    along:
      point !== undefined
        ? [[suppressions.contactPointId, point]]
        : channel !== undefined
          ? [[suppressions.channel, channel]]
          : [],
    where: filter.lifted ? [] : [isNull(suppressions.liftedAt)],
  })
  const rows = await db
    .select({
      ...columns,
      channel: suppressions.channel,
      point: contactPoints.id,
      address: contactPoints.address,
    })
    .from(suppressions)
    .leftJoin(contactPoints, eq(contactPoints.id, suppressions.contactPointId))
    .where(inArray(suppressions.id, sql`(${ids})`))
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
