/** What a key may do. `admin` may do everything; `read` may read everything but secrets. */
import { z } from 'zod'

export const scopeShape = z.enum([
  'admin',
  'withdrawals',
  'journeys',
  'contacts',
  'consents',
  'triggers',
  'read',
])
export type Scope = z.infer<typeof scopeShape>

/** Who calls: the key's id, never the key. */
export type Caller = { id: string; scopes: readonly Scope[] }

export function permits(caller: Caller, wanted: readonly Scope[]): boolean {
  return caller.scopes.includes('admin') || wanted.some((scope) => caller.scopes.includes(scope))
}
