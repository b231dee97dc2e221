/**
 * `GET /metrics` on the API's own port, which may be public: it needs a key with the scope `read`. Inside a private network, operators use METRICS_PORT instead, which needs no key.
 */
import express, { type Router } from 'express'
import { Refusal } from '../domain/refusal.ts'
import type { Exposition } from '../telemetry/exposition.ts'
import type { Authenticate } from './authenticate.ts'
import { clientNetwork } from './clientAddress.ts'
import { onlyGet } from './methods.ts'
import { note } from './requests.ts'
import { permits } from './scopes.ts'

export function metricsRoutes(authenticate: Authenticate, { contentType, text }: Exposition): Router {
  const router = express.Router()
  router.get('/metrics', async (request, response) => {
    const caller = await authenticate(request.get('Authorization'), () => clientNetwork(request))
    note(response, { key: caller.id })
    if (!permits(caller, ['read'])) {
      throw new Refusal(
        'scope-missing',
        'This needs a key with the scope read. An administrator makes one with POST /v1/keys.',
      )
    }
    response.set({ 'Content-Type': contentType, 'Cache-Control': 'no-store' }).send(await text())
  })
  router.all('/metrics', onlyGet)
  return router
}
