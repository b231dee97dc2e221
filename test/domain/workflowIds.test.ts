/** Workflow ids: readable, and the run is read back from them. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { keyShape } from '../../domain/shapes/primitives.ts'
import { doubleOptInWorkflowId, journeyWorkflowId, runOfWorkflow } from '../../domain/workflowIds.ts'

const id = '01a20dec-f0c9-72fb-a8c5-6df05ba1fc35'
const key = fc
  .stringMatching(/^[a-z0-9][a-z0-9._-]{0,20}[a-z0-9]$/)
  .filter((text) => keyShape.safeParse(text).success)

describe('a workflow id', () => {
  it('names the journey or the profile', () => {
    expect(journeyWorkflowId('abandoned-cart', id)).toBe(`abandoned-cart:${id}`)
    expect(doubleOptInWorkflowId('default', id)).toBe(`double-opt-in:default:${id}`)
  })

  it('leads back to its run, whatever the journey is called', () => {
    fc.assert(
      fc.property(key, fc.uuid(), (journey, run) => {
        expect(runOfWorkflow(journeyWorkflowId(journey, run))).toBe(run)
      }),
    )
  })

  it('of version 0.2 is the run itself; any other form is none of a run', () => {
    expect(runOfWorkflow(id)).toBe(id)
    for (const other of ['', 'abandoned-cart', `a:b:${id}`, `${id}:1`, doubleOptInWorkflowId('default', id)])
      expect(runOfWorkflow(other)).toBeNull()
  })
})
