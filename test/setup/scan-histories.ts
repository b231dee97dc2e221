/**
 * The last word of a run, said while the engine still has every history of it: what it throws fails the run.
 */
import type { Parts } from './prepare.ts'

export async function scanHistories(_parts: Parts): Promise<void> {}
