/**
 * JSON merge patch (RFC 7396): members of the patch replace those of the target, objects are merged member by member,
 * null takes a member away, and a list is replaced as a whole. Neither argument is changed. Callers bound the depth of
 * both.
 */
import { own } from './own.ts'

export function mergePatch(target: unknown, patch: unknown): unknown {
  if (!isObject(patch)) return patch
  const base = isObject(target) ? target : {}
  const said = Object.entries(patch).filter(([, value]) => value !== undefined)
  const names = new Set(said.map(([name]) => name))
  const kept = Object.entries(base).filter(([name]) => !names.has(name))
  const given = said
    .filter(([, value]) => value !== null)
    .map(([name, value]) => [name, mergePatch(own(base, name), value)] as const)
  // Built from entries, so that the name `__proto__` sets no prototype.
  return Object.fromEntries([...kept, ...given])
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
