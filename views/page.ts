/** Lists by cursor: `limit` and `after`, in the order of a key that never changes. */
import { type SQL, sql } from 'drizzle-orm'
import { z } from 'zod'
import { coded, idShape, keyShape, triggerNameShape } from '../domain/shapes/primitives.ts'

const limited = (limit: z.ZodNumber | z.ZodCoercedNumber) =>
  limit.int().min(1).max(200).default(50).meta({ description: 'At most so many items' })

/** Query of a list. `cursor` is the shape of its `next`; any other value is refused, since it would give a wrong page. */
function pageBy(cursor: z.ZodType) {
  const after = z
    .string()
    .refine((text) => cursor.safeParse(text).success, {
      ...coded('invalid-cursor', 'This is not a cursor of this list. Send the "next" of the page before.'),
    })
    .optional()
    .meta({ description: 'The `next` of the page before' })
  return z.object({ limit: limited(z.coerce.number()), after })
}

/** Lists in the order of ids. */
export const pageById = pageBy(idShape)
/** As `pageById`, where the page is asked for in a body. */
export const pageInBody = { limit: limited(z.number()), after: pageById.shape.after }
/** Lists in the order of keys. */
export const pageByKey = pageBy(keyShape)
export const pageByTriggerName = pageBy(triggerNameShape)
/** Lists in the order of version numbers. */
const byVersion = pageBy(z.string().regex(/^[1-9]\d{0,8}$/))
export const pageByVersion = byVersion.extend({
  after: byVersion.shape.after.transform((text) => (text === undefined ? undefined : Number(text))),
})

export type Page<T> = { items: T[]; next: string | null }

/**
 * The number of rows for a page, and one more to see whether there is another page, as literal text: for a limit that
 * is a parameter, a generic plan assumes a tenth of the table. One of two values, so that few statements have to be
 * prepared.
 */
export function rowsFor(limit: number): SQL {
  return sql.raw(limit <= 50 ? '51' : '201')
}

/** Cuts a page of `limit` items from one row more, with the cursor of the next page. */
export function pageOf<Row, Item>(
  rows: readonly Row[],
  limit: number,
  item: (row: Row) => Item,
  cursor: (row: Row) => string,
): Page<Item> {
  const shown = rows.slice(0, limit)
  const last = shown.at(-1)
  return { items: shown.map(item), next: rows.length > limit && last !== undefined ? cursor(last) : null }
}
