/**
 * Triggers as lines of JSON. Each line is handled by itself and has its own result: a line that is refused, or fails
 * because of an error of ours, changes nothing and does not affect the others. So the answer is 202 if at least one
 * line was accepted.
 */
import { createHash } from 'node:crypto'
import { z } from 'zod'
import { Refusal } from '../../domain/refusal.ts'
import { read } from '../../domain/shapes/read.ts'
import { triggerLineShape } from '../../domain/shapes/trigger.ts'
import type { Deps } from '../../transactions/deps.ts'
import { postTrigger } from '../../transactions/intake/postTrigger.ts'
import { problemKinds } from '../problemKinds.ts'
import { asRefusal, notJson } from '../problems.ts'
import { refuseUnreadable } from '../routing.ts'
import { takenAnswer, takenShape } from './takenTrigger.ts'

export const lineShape = z
  .object({
    line: z.number().int().meta({ description: 'Counted from 1, empty lines included' }),
    status: z.number().int().meta({ description: '202, or the status that a single request would get' }),
    taken: takenShape.optional(),
    code: z.string().optional().meta({ description: 'Why it was not taken, as a code' }),
    detail: z.string().optional(),
    errors: z.array(z.object({ pointer: z.string(), code: z.string(), message: z.string() })).optional(),
  })
  .meta({ id: 'TakenLine', description: 'The result of one line' })
type LineResult = z.infer<typeof lineShape>

const mostLines = 1_000

/**
 * @param request.idempotencyKey gives each line without an id one of its own, made of the key and the line's number
 * @throws Refusal too-large; unavailable if the database cannot be reached before any line was accepted
 */
export async function takeLines(
  deps: Deps,
  request: { text: string; caller: string; idempotencyKey: string | null },
): Promise<LineResult[]> {
  const lines = request.text
    .split(/\r?\n/)
    .map((text, index) => ({ text, number: index + 1 }))
    .filter(({ text }) => text.trim() !== '')
  if (lines.length > mostLines) {
    throw new Refusal(
      'too-many-lines',
      `The body has more than ${mostLines} lines. Split it into several requests.`,
    )
  }
  const results: LineResult[] = []
  let away: Refusal | null = null
  for (const { text, number } of lines) {
    if (away !== null) {
      results.push(refused(number, away))
      continue
    }
    try {
      const said = jsonOf(text)
      refuseUnreadable(said, '')
      const { name, ...trigger } = read(triggerLineShape, said, 'the line')
      const id = trigger.id ?? lineId(request.idempotencyKey, number)
      const taken = await postTrigger(deps, name, { ...trigger, id }, request.caller)
      results.push({ line: number, status: 202, taken: takenAnswer(taken) })
    } catch (error) {
      const refusal = asRefusal(error)
      if (refusal?.kind === 'unavailable') {
        if (results.every((result) => result.taken === undefined)) throw refusal
        // The following lines would fail too, each after waiting.
        away = notTried
      }
      if (refusal === null)
        deps.log.error(
          { err: error, line: number },
          'A line of triggers failed because of a defect. The caller was told to send it again.',
        )
      results.push(refused(number, refusal ?? fault))
    }
  }
  return results
}

const fault = new Refusal('internal', 'The server failed. This line was not taken. Send it again.')
const notTried = new Refusal(
  'database-unavailable',
  'The database did not answer for a line before this one, so this line was not tried. Send it again.',
)

function refused(line: number, { kind, code, message, errors }: Refusal): LineResult {
  return { line, status: problemKinds[kind].status, code, detail: message, errors: [...errors] }
}

/** A repeated request gives the same ids, so that no line counts twice. */
function lineId(key: string | null, line: number): string | undefined {
  if (key === null) return undefined
  return `idempotency-key:${createHash('sha256').update(key).digest('hex')}:${line}`
}

function jsonOf(text: string): unknown {
  try {
    const value: unknown = JSON.parse(text)
    return value
  } catch {
    throw notJson('The line')
  }
}
