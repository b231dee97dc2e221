/** The answer of every list: a page of items, and where the next page begins. */
import { z } from 'zod'
import 'zod-openapi'

/** @param id name of the schema in the OpenAPI document */
export function listShape<T extends z.ZodType>(
  id: string,
  item: T,
): z.ZodObject<{ items: z.ZodArray<T>; next: z.ZodNullable<z.ZodString> }> {
  return z
    .object({
      items: z.array(item),
      next: z.string().nullable().meta({
        description:
          'The `after` of the next page; null at the end. A page may have fewer items than `limit` and still have a `next`.',
      }),
    })
    .meta({ id, description: 'A page of a list' })
}
