/**
 * The typed search attributes by which operators find runs in the Temporal UI. The local stack registers them. On another server the
 * process registers them if it is allowed to; otherwise it logs the command that does so, and waits.
 */
import type { Connection } from '@temporalio/client'
import { defineSearchAttributeKey } from '@temporalio/common'
import proto from '@temporalio/proto'
import type { Logger } from 'pino'

/** Key of the journey; `double-opt-in` for a request. */
export const journeyAttribute = defineSearchAttributeKey('AssentJourney', 'KEYWORD')
export const versionAttribute = defineSearchAttributeKey('AssentVersion', 'INT')
/** The run's state: `running`, then its final state. */
export const stateAttribute = defineSearchAttributeKey('AssentState', 'KEYWORD')

const { INDEXED_VALUE_TYPE_KEYWORD: keyword, INDEXED_VALUE_TYPE_INT: int } =
  proto.temporal.api.enums.v1.IndexedValueType
const wanted = {
  [journeyAttribute.name]: keyword,
  [versionAttribute.name]: int,
  [stateAttribute.name]: keyword,
}

const command = `temporal operator search-attribute create --name AssentJourney --type Keyword --name AssentVersion --type Int --name AssentState --type Keyword`

/**
 * Resolves once the server knows the attributes.
 * @param pause called between two checks; it may throw to stop waiting
 */
export async function ensureSearchAttributes(
  connection: Connection,
  namespace: string,
  log: Logger,
  pause: () => Promise<void>,
): Promise<void> {
  for (let look = 1; ; look++) {
    const known = await connection.operatorService.listSearchAttributes({ namespace })
    const missing = Object.keys(wanted).filter((name) => known.customAttributes[name] === undefined)
    if (missing.length === 0) return
    if (look === 1) {
      await connection.operatorService
        .addSearchAttributes({ namespace, searchAttributes: wanted })
        .catch(() =>
          log.warn(
            `Search attributes are missing and cannot be added with these credentials. Run: ${command}`,
          ),
        )
    }
    await pause()
  }
}
