/** Lists by cursor: `limit` and `after`, in the order of a key that never changes. */
import { z } from 'zod'

/** Query of every list. */
export const pageShape = z.object({
  limit: z.coerce.number().int().min(1).max(200).default(50).meta({ description: 'At most so many items' }),
  after: z.string().max(200).optional().meta({ description: 'The `next` of the page before' }),
})

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
