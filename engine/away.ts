/** Whether a call failed because the engine is unreachable, slow or refuses all our calls. Then the call's content is not the cause. */

/** gRPC: cancelled, deadline exceeded, permission denied, resource exhausted, internal, unavailable, unauthenticated. */
const away = new Set([1, 4, 7, 8, 13, 14, 16])

export function isEngineAway(error: unknown): boolean {
  for (let current = error; current instanceof Error; current = current.cause) {
    if (current.name === 'NamespaceNotFoundError') return true
    if ('code' in current && typeof current.code === 'number' && away.has(current.code)) return true
  }
  return false
}
