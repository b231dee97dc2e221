/**
 * The member an object has itself, by a name that a caller chose. Every object inherits a `constructor` and a `toString`: read
 * plainly, these would be functions where the caller gave nothing.
 */
export function own<T>(record: Readonly<Record<string, T>> | undefined, name: string): T | undefined {
  return record !== undefined && Object.hasOwn(record, name) ? record[name] : undefined
}
