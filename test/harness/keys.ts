/** Keys for tests: as random as any, made anew each time. */
import { randomBytes } from 'node:crypto'

const key = () => randomBytes(32).toString('base64url')

export const testKeys = {
  ASSENT_DATA_KEYS: `test:${key()}`,
  ASSENT_API_KEY: key(),
}

/** The processes' user in all databases of a run: made once (`test/setup/prepare.ts`). */
export const runtimeUser = { name: 'assent_runtime', password: 'harmless' }
