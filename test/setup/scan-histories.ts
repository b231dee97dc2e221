/**
 * The last word of a run, said while the engine still has every history of it: no e-mail address, name, phone number or external
 * id may be in any, nor in what the engine shows of a workflow. What it throws fails the run.
 */
import { readFileSync } from 'node:fs'
import { Client, Connection } from '@temporalio/client'
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js'
import { type Parts, personsFile } from './prepare.ts'

/** What looks like a person's data even where no test said that it was. */
const patterns = [
  { what: 'an e-mail address', pattern: /[\w.+-]+@[\w-]+(?:\.[\w-]+)*\.[a-z]{2,}/i },
  { what: 'a phone number', pattern: /\+[1-9][0-9]{7,14}/ },
]

export async function scanHistories(parts: Parts): Promise<void> {
  const persons = readFileSync(personsFile, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
  const connection = await Connection.connect({ address: parts.temporal.address })
  const client = new Client({ connection })
  let scanned = 0
  try {
    for await (const execution of client.workflow.list()) {
      const history = await client.workflow.getHandle(execution.workflowId, execution.runId).fetchHistory()
      const shown = { id: execution.workflowId, memo: execution.memo, attributes: execution.searchAttributes }
      const texts = [JSON.stringify(shown), ...textsOf(JSON.parse(historyToJSON(history)), '')]
      for (const text of texts) {
        const found = personalIn(text, persons)
        if (found !== null) {
          throw new Error(`the history of ${execution.type} ${execution.workflowId} holds ${found}`)
        }
      }
      scanned += 1
    }
  } finally {
    await connection.close()
  }
  console.log(`  ${scanned} histories hold no personal data of ${persons.length} known pieces`)
}

function personalIn(text: string, persons: readonly string[]): string | null {
  const known = persons.find((person) => text.includes(person))
  if (known !== undefined) return `"${known}"`
  return patterns.find(({ pattern }) => pattern.test(text))?.what ?? null
}

/** Every text of a history, payloads decoded. Who polled (`identity`: process and host) is no person. */
export function textsOf(value: unknown, key: string): string[] {
  if (typeof value === 'string') {
    if (key === 'identity') return []
    return key === 'data' ? [Buffer.from(value, 'base64').toString('utf8')] : [value]
  }
  if (Array.isArray(value)) return value.flatMap((item) => textsOf(item, key))
  if (value !== null && typeof value === 'object') {
    return Object.entries(value).flatMap(([name, item]) => textsOf(item, name))
  }
  return []
}
