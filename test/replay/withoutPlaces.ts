/** A history without what says where it was recorded: process, host and stack traces. Replay reads none of it. */
export function withoutPlaces(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutPlaces)
  if (value === null || typeof value !== 'object') return value
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => {
      if (key === 'identity') return [key, 'worker']
      if (key === 'stackTrace') return [key, '']
      return [key, withoutPlaces(item)]
    }),
  )
}
