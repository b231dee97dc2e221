/** What a contact sees and touches: pages, the one-click target, redirects and the pixel. No login, no cookie, no script. */
import express from 'express'
import { confirmRouter } from './confirm.ts'
import type { People } from './ground.ts'
import { imageHeaders, pageHeaders } from './headers.ts'
import { preferencesRouter } from './preferences.ts'
import { personProblems } from './problems.ts'
import { strangers } from './strangers.ts'
import { styleRouter } from './style.ts'
import { testLinkRouter } from './testLink.ts'
import { clickRouter, openRouter } from './tracking.ts'
import { unsubscribeRouter } from './unsubscribe.ts'

/** Where these routes are; everything else passes through untouched. */
const pagePaths = ['/confirm', '/unsubscribe', '/preferences', '/test-link', '/t']

export function peopleRoutes(people: People): express.Router {
  const router = express.Router()
  const guard = strangers()
  router.use(pagePaths, pageHeaders)
  router.use('/o', imageHeaders)
  router.use(styleRouter())
  router.use(['/confirm', '/t'], guard.hold)
  router.use(confirmRouter(people))
  router.use(unsubscribeRouter(people))
  router.use(preferencesRouter(people))
  router.use(testLinkRouter())
  router.use(clickRouter(people))
  router.use(openRouter(people, guard))
  router.use(personProblems(people.log, guard))
  return router
}
