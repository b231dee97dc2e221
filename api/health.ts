/** Liveness, and whether what we stand on can be reached. */
import express, { type Router } from 'express'
import { sendJson } from './json.ts'

/** Each resolves where the part answers. */
export type Health = { database: () => Promise<void>; engine: () => Promise<void> }

/** Milliseconds a part may take to answer. */
const patience = 3_000

export function healthRoutes(health: Health): Router {
  const router = express.Router()
  router.get('/healthz', (_request, response) => {
    sendJson(response, { status: 'ok' })
  })
  router.get('/readyz', async (_request, response) => {
    const [database, engine] = await Promise.all([answers(health.database), answers(health.engine)])
    response.status(database && engine ? 200 : 503)
    sendJson(response, { database, engine })
  })
  return router
}

async function answers(ask: () => Promise<void>): Promise<boolean> {
  const { promise: late, reject } = Promise.withResolvers<never>()
  const timer = setTimeout(() => reject(new Error('no answer')), patience)
  try {
    await Promise.race([ask(), late])
    return true
  } catch {
    return false
  } finally {
    clearTimeout(timer)
  }
}
