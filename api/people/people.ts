/** The routes for contacts: pages, the one-click target, redirects and the pixel. No login, no cookie, no script. */
import express from 'express'
import { stylePath } from '../../pages/style.ts'
import { testLinkPath } from '../../transactions/definitions/previewMessage.ts'
import { onlyGet, onlyMethods } from '../methods.ts'
import { confirmRouter } from './confirm.ts'
import type { People } from './ground.ts'
import { imageHeaders, pageHeaders } from './headers.ts'
import { preferencesRouter } from './preferences.ts'
import { noSuchLink, personProblems } from './problems.ts'
import { strangers } from './strangers.ts'
import { styleRouter } from './style.ts'
import { testLinkRouter } from './testLink.ts'
import { clickRouter, openRouter } from './tracking.ts'
import { unsubscribeRouter } from './unsubscribe.ts'

/** Pages with a form: GET shows it, POST takes it. */
const formPaths = ['/confirm', '/unsubscribe', '/preferences']
/** Where these routes are. Everything else passes through untouched. */
const pagePaths = [...formPaths, testLinkPath, '/t']

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
  router.all(
    formPaths.map((path) => `${path}/:token`),
    onlyMethods(['GET', 'POST']),
  )
  router.all([`${testLinkPath}/:link`, '/t/:token', '/o/:token', stylePath], onlyGet)
  router.use([...pagePaths, '/o'], noSuchLink)
  router.use(personProblems(people.log, guard))
  return router
}
