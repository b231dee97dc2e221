/** Liveness, and whether the parts that Assent needs can be reached. */
import express, { type Router } from 'express'
import { shared } from '../telemetry/shared.ts'
import type { WorkersView } from '../views/workers.ts'
import { sendJson } from './json.ts'
import { onlyGet } from './methods.ts'

/** `database` and `engine` resolve if the part answers. */
export type Health = {
  database: () => Promise<void>
  engine: () => Promise<void>
  /** As the workers report: the API itself needs no channel's provider. */
  workers: () => Promise<WorkersView>
}

/** Milliseconds for which an answer is cached. */
const answerHolds = 1_000

/** Milliseconds a part may take to answer. */
const patience = 3_000

export function healthRoutes(health: Health): Router {
  const router = express.Router()
  const looked = shared(answerHolds, async () => {
    const [database, engine, workers] = await Promise.all([
      answers(() => health.database().then(() => true)),
      answers(() => health.engine().then(() => true)),
      answers(health.workers),
    ])
    return {
      database: database === true,
      engine: engine === true,
      workers: workers?.alive ?? null,
      channels: workers?.channels ?? null,
    }
  })
  router.get('/healthz', (_request, response) => {
    sendJson(response, { status: 'ok' })
  })
  router.get('/readyz', async (_request, response) => {
    const parts = await looked()
    // Without workers the API still accepts work, which then waits. Taking it out of service would refuse that work.
    response.status(parts.database && parts.engine ? 200 : 503)
    sendJson(response, parts)
  })
  router.all(['/healthz', '/readyz'], onlyGet)
  return router
}

/** Null: no answer in time. */
async function answers<T>(ask: () => Promise<T>): Promise<T | null> {
  const { promise: late, reject } = Promise.withResolvers<never>()
  const timer = setTimeout(() => reject(new Error('no answer')), patience)
  try {
    return await Promise.race([ask(), late])
  } catch {
    return null
  } finally {
    clearTimeout(timer)
  }
}
