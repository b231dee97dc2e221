/** Liveness, and whether what we stand on can be reached. */
import express, { type Router } from 'express'
import { sendJson } from './json.ts'

/** Each resolves where the part answers. */
export type Health = { database: () => Promise<void>; engine: () => Promise<void> }

/** Milliseconds an answer holds. */
const answerHolds = 1_000

/** Milliseconds a part may take to answer. */
const patience = 3_000

export function healthRoutes(health: Health): Router {
  const router = express.Router()
  const looked = shared(async () => {
    const [database, engine] = await Promise.all([answers(health.database), answers(health.engine)])
    return { database, engine }
  })
  router.get('/healthz', (_request, response) => {
    sendJson(response, { status: 'ok' })
  })
  router.get('/readyz', async (_request, response) => {
    const parts = await looked()
    response.status(Object.values(parts).every((ready) => ready) ? 200 : 503)
    sendJson(response, parts)
  })
  return router
}

/** However many ask, there is one look at a time, and its answer holds for a second: nobody's asking is a load, nor refused. */
function shared<T>(look: () => Promise<T>): () => Promise<T> {
  let last: { answer: Promise<T>; until: number } | null = null
  return () => {
    if (last !== null && performance.now() < last.until) return last.answer
    const mine = { answer: look(), until: Number.POSITIVE_INFINITY }
    const ended = (): void => {
      mine.until = performance.now() + answerHolds
    }
    mine.answer.then(ended, ended)
    last = mine
    return mine.answer
  }
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
