/** Positions as every version since 0.3 has stored them, one file each (`positions/`): a run goes on after an upgrade. */
import { globSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { effectOf, step } from '../../../domain/journey/machine.ts'
import { MachineError } from '../../../domain/journey/machineError.ts'
import { compilePlan } from '../../../domain/journey/plan.ts'
import { machineVersion, readPosition } from '../../../domain/journey/position.ts'

const folder = new URL('positions/', import.meta.url).pathname
const stored = globSync('*.json', { cwd: folder }).flatMap((file) =>
  Object.entries(
    z.record(z.string(), z.unknown()).parse(JSON.parse(readFileSync(`${folder}${file}`, 'utf8'))),
  ).map(([name, position]) => [`${file}, ${name}`, position] as const),
)

const plan = compilePlan({
  steps: [
    { id: 'which', type: 'branch', cases: [{ when: 'true', steps: [] }] },
    { id: 'remind', type: 'send', message: 'm' },
    { id: 'opened', type: 'waitFor', timeout: '1 day', events: [{ opened: 'remind', steps: [] }] },
    { id: 'again', type: 'send', message: 'm' },
  ],
})

describe('a stored position', () => {
  it.each(stored)('is read, and leads somewhere: %s', (_, position) => {
    const read = readPosition(position)
    expect(read).toMatchObject({ machineVersion, visit: expect.any(Number) })
    const { do: effect } = effectOf(plan, read)
    const answer =
      effect === 'send'
        ? ({ type: 'sent', result: 'handed-over' } as const)
        : effect === 'await'
          ? ({ type: 'waited', result: 'timed-out' } as const)
          : ({ type: 'performed', way: 0 } as const)
    const next = step(plan, read, answer)
    if (next.effect.do !== 'end') expect(next.place?.visit).toBe(read.visit + 1)
  })

  it.each([
    ['of a later version', { machineVersion: machineVersion + 1, step: 'a', visit: 1, loops: {} }],
    ['with a field that is not known here', { machineVersion, step: 'a', visit: 1, loops: {}, more: 1 }],
    ['that is missing', null],
  ])('is refused, so that the run is parked, %s', (_, position) => {
    expect(() => readPosition(position)).toThrow(MachineError)
    expect(() => readPosition(position)).toThrow(expect.objectContaining({ code: 'unknown-version' }))
  })
})
