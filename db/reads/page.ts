/** Lists by cursor: `limit` and `after`, in the order of a key that never changes. */
import { z } from 'zod'
import { idShape, keyShape, triggerNameShape } from '../../domain/shapes/primitives.ts'

const limitShape = z.coerce
  .number()
  .int()
  .min(1)
  .max(200)
  .default(50)
  .meta({ description: 'At most so many items' })

/** Query of a list: `cursor` is what its `next` looks like. Another one is refused, for it would mean another page. */
function pageBy(cursor: z.ZodType) {
  const after = z
    .string()
    .refine((text) => cursor.safeParse(text).success, {
      message: 'is not a cursor of this list: send the "next" of the page before',
      params: { code: 'invalid-cursor' },
    })
    .optional()
    .meta({ description: 'The `next` of the page before' })
  return z.object({ limit: limitShape, after })
}

/** Lists in the order of ids. */
export const pageById = pageBy(idShape)
/** Lists in the order of keys. */
export const pageByKey = pageBy(keyShape)
export const pageByTriggerName = pageBy(triggerNameShape)

export type Page<T> = { items: T[]; next: string | null }

/** Of `limit + 1` rows, a page and where the next begins. */
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
