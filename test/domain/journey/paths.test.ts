/**
 * Recorded paths of real runs, fed to today's machine: from the same outcomes it takes the same steps and comes to the same end; and from
 * each position that such a run had, it leads on. Red here: a change that gives stored runs another meaning. It takes a new
 * `machineVersion`. `test/transactions/runs/recordedPaths.test.ts` records them.
 */
import { globSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { journeyShape } from '../../../domain/journey/definition.ts'
import { effectOf } from '../../../domain/journey/machine.ts'
import { compilePlan } from '../../../domain/journey/plan.ts'
import { readPosition } from '../../../domain/journey/position.ts'
import { stepShape } from '../../../domain/journey/steps/index.ts'
import { pathRowShape, replayPath } from './replayPath.ts'

const folder = new URL('paths/', import.meta.url).pathname
const read = (file: string): unknown => JSON.parse(readFileSync(`${folder}${file}`, 'utf8'))
const files = globSync('*.json', { cwd: folder })

const recordedShape = z.object({
  definition: journeyShape,
  path: z.array(pathRowShape),
  end: z.object({ state: z.string(), reason: z.string() }).nullable(),
  positions: z.array(z.unknown()),
})

describe.each(files)('the recorded path %s', (file) => {
  const { definition, path, end, positions } = recordedShape.parse(read(file))

  it('is taken again from the same outcomes, and ends the same', () => {
    const replayed = replayPath(definition, path)
    expect(replayed.taken).toEqual(path.map(({ step, visit }) => ({ step, visit })))
    expect(replayed.end).toEqual(end)
  })

  it('was at positions that are read and have an effect today', () => {
    const plan = compilePlan(definition)
    for (const position of positions) {
      const { step, visit } = readPosition(position)
      expect(path).toContainEqual(expect.objectContaining({ step, visit }))
      expect(['send', 'sleep', 'await', 'perform']).toContain(effectOf(plan, { step }).do)
    }
  })
})

describe('the recorded paths together', () => {
  const rows = files.flatMap((file) => {
    const { definition, path } = recordedShape.parse(read(file))
    const types = compilePlan(definition).steps
    return path.map((row) => ({ ...row, type: types[row.step]?.type }))
  })

  it('visit every step type of the language', () => {
    const known = stepTypes()
    expect([...new Set(rows.map(({ type }) => type))].toSorted()).toEqual(known.toSorted())
  })

  it('hold every outcome that a step can leave in a path', () => {
    const found = new Set(rows.map(({ type, outcome, delivery }) => `${type} ${delivery ?? outcome}`))
    for (const outcome of [
      ...['sending', 'held', 'sent', 'failed', 'unknown', 'expired', 'blocked'].map((one) => `send ${one}`),
      ...['waiting', 'waited', 'no-moment'].map((one) => `wait ${one}`),
      ...['matched', 'timed-out', 'untracked'].map((one) => `waitFor ${one}`),
      ...['branch case', 'branch otherwise', 'set set', 'exit exited'],
    ])
      expect(found).toContain(outcome)
  })
})

/** From the language itself, so that a new type goes red here until a path of it is recorded. */
function stepTypes(): string[] {
  const { $defs } = z.object({ $defs: z.record(z.string(), z.unknown()) }).parse(z.toJSONSchema(stepShape))
  const typed = z.looseObject({ properties: z.looseObject({ type: z.looseObject({ const: z.string() }) }) })
  return Object.values($defs).flatMap((one) => typed.safeParse(one).data?.properties.type.const ?? [])
}
