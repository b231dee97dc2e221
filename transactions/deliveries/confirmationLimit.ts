/**
 * Limits the confirmation mails to one address, across all callers and requests. It counts claimed mails, because each may have been sent.
 */
import { and, eq, gt, ne, sql } from 'drizzle-orm'
import type { Db } from '../../db/connect.ts'
import { deliveries } from '../../db/schema/deliveries.ts'
import type { LockedContactPoint } from '../locks.ts'

/** This many in an hour and in a day. */
const confirmationsAnHour = 3
const confirmationsADay = 6

/** @param except a delivery that is retried and must not count against itself */
export async function tooManyConfirmations(
  tx: Db,
  { id: contactPointId }: LockedContactPoint,
  except: string | null,
): Promise<boolean> {
  const [row] = await tx
    .select({
      hour: sql<number>`count(*) filter (where ${deliveries.claimedAt} > clock_timestamp() - interval '1 hour')::int`,
      day: sql<number>`count(*)::int`,
    })
    .from(deliveries)
    .where(
      and(
        eq(deliveries.contactPointId, contactPointId),
        sql`${deliveries.doubleOptIn} is not null`,
        gt(deliveries.claimedAt, sql`clock_timestamp() - interval '1 day'`),
        except === null ? undefined : ne(deliveries.id, except),
      ),
    )
  return (row?.hour ?? 0) >= confirmationsAnHour || (row?.day ?? 0) >= confirmationsADay
}
