/**
 * cel-js recognises a map by its `constructor`. An attribute of that name hides it, and then no condition could read
 * any other attribute. Such an object is passed as a `Map`, which cel-js reads in the same way.
 */

/** Each object is examined once: the conditions of one event read the same objects. */
const looked = new WeakMap<object, unknown>()

/** @param value JSON */
export function readable(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || value instanceof Date) return value
  const known = looked.get(value)
  if (known !== undefined) return known
  const made = Array.isArray(value) ? readableList(value) : readableObject(value)
  looked.set(value, made)
  return made
}

function readableList(list: readonly unknown[]): readonly unknown[] {
  const items = list.map(readable)
  return items.some((item, index) => item !== list[index]) ? items : list
}

function readableObject(object: object): unknown {
  const members = Object.entries(object)
  const made = members.map(([name, member]) => [name, readable(member)] as const)
  if (Object.hasOwn(object, 'constructor')) return new Map(made)
  return made.some(([, member], index) => member !== members[index]?.[1]) ? Object.fromEntries(made) : object
}
