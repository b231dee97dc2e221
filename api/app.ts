/** The Express application: REST for systems under /v1, pages for people, health, and the API's own description. */
import express, { type Express } from 'express'
import type { Logger } from 'pino'
import type { Exposition } from '../telemetry/exposition.ts'
import type { Deps } from '../transactions/deps.ts'
import { authenticator } from './authenticate.ts'
import { documentationRoutes } from './documentation.ts'
import { type Health, healthRoutes } from './health.ts'
import { metricsRoutes } from './metrics.ts'
import { peopleRoutes } from './people/people.ts'
import { problemRoutes } from './problemPages.ts'
import { problems, routeNotFound } from './problems.ts'
import { requestLog } from './requests.ts'
import { mountRoutes } from './routing.ts'
import { deadline, requireHost } from './serving.ts'
import { allRoutes } from './v1/routes.ts'

export type AppOptions = {
  deps: Deps
  publicUrl: string
  apiKey: string | undefined
  trustedProxies: readonly string[]
  log: Logger
  health: Health
  metrics: Exposition
  /** Something was committed that the dispatcher should look at. */
  afterCommit: () => void
}

export function createApp(options: AppOptions): Express {
  const { deps, log, afterCommit } = options
  const app = express()
  app.disable('x-powered-by')
  app.set('trust proxy', [...options.trustedProxies])
  app.set('query parser', 'simple')
  app.use(requestLog(log))
  app.use(requireHost)
  app.use(deadline)
  app.use('/v1', (_request, response, next) => {
    response.setHeader('Cache-Control', 'no-store')
    response.setHeader('X-Content-Type-Options', 'nosniff')
    next()
  })
  const authenticate = authenticator(deps.db, options.apiKey)
  mountRoutes(app, allRoutes, {
    deps,
    authenticate,
    publicUrl: options.publicUrl,
    afterCommit,
  })
  app.use(healthRoutes(options.health))
  app.use(metricsRoutes(authenticate, options.metrics))
  app.use(documentationRoutes(options.publicUrl))
  app.use(problemRoutes(options.publicUrl))
  app.use(peopleRoutes({ deps, publicUrl: options.publicUrl, afterCommit, log }))
  app.use(() => {
    throw routeNotFound()
  })
  app.use(problems(log, options.publicUrl))
  return app
}
