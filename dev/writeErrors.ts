/** `npm run errors:write`: writes `docs/errors.md` from the catalogue of refusals. */
import { writeFileSync } from 'node:fs'
import { errorDocs } from '../api/errorDocs.ts'

writeFileSync(new URL('../docs/errors.md', import.meta.url), errorDocs())
