/**
 * An object's own member, by a name that a caller chose. Every object inherits `constructor` and `toString`: a plain
 * read would return these functions for names that the caller did not set.
 */
export function own<T>(record: Readonly<Record<string, T>> | undefined, name: string): T | undefined {
  return record !== undefined && Object.hasOwn(record, name) ? record[name] : undefined
}
