/** The whole ledger, verified as a caller has it verified, with the work of a background process done here. */
import { z } from 'zod'
import { newId } from '../../db/ids.ts'
import type { Deps } from '../../transactions/deps.ts'
import { advanceVerification } from '../../transactions/ledger/verification.ts'
import { type ApiClient, idOf } from './client.ts'

export const reportShape = z.object({
  contactPoints: z.number(),
  events: z.number(),
  firstBreak: z
    .strictObject({
      contactPoint: z.string(),
      seq: z.number(),
      event: z.string().nullable(),
      problem: z.string(),
    })
    .nullable(),
  states: z.strictObject({
    checked: z.number(),
    firstDifference: z
      .strictObject({
        contactPoint: z.string(),
        purpose: z.string().nullable(),
        topic: z.string().nullable(),
      })
      .nullable(),
  }),
})

export const verificationShape = reportShape.extend({
  id: z.string(),
  state: z.enum(['waiting', 'running', 'finished', 'failed']),
  requestedAt: z.string(),
  startedAt: z.string().nullable(),
  finishedAt: z.string().nullable(),
  contactPointsExpected: z.number().nullable(),
})
export type Verification = z.output<typeof verificationShape>

export function askForVerification(api: ApiClient): Promise<{ id: string }> {
  return api.ok('POST', '/v1/consents/verify', {}, idOf)
}

export function verificationOf(api: ApiClient, id: string): Promise<Verification> {
  return api.ok('GET', `/v1/consents/verifications/${id}`, undefined, verificationShape)
}

export async function verifyWhole(api: ApiClient, deps: Deps): Promise<Verification> {
  const { id } = await askForVerification(api)
  const holder = newId()
  while (await advanceVerification(deps, holder)) {
    // range after range
  }
  return verificationOf(api, id)
}
