/**
 * `GET /t/{token}`: redirects to the stored target, and to nothing else. `GET /o/{token}`: the open pixel, the same image
 * whatever the token. Both record the interaction before they answer, and answer even if recording fails: the person's
 * click must still reach the target. HEAD records nothing.
 */
import express, { type Request } from 'express'
import { findByOpenToken, linkByToken } from '../../db/reads/mailByHandle.ts'
import { classify } from '../../domain/interactions/classify.ts'
import { Refusal } from '../../domain/refusal.ts'
import { type Interaction, recordInteraction } from '../../transactions/interactions/recordInteraction.ts'
import { userAgentOf } from './answer.ts'
import type { People } from './ground.ts'
import type { Strangers } from './strangers.ts'

export function clickRouter(people: People): express.Router {
  const router = express.Router()
  router.get('/t/:token', async (request, response) => {
    const { mail, position, link, url } = await linkByToken(people.deps.db, request.params.token)
    // Only http(s) URLs are stored; a row that was changed by hand must not run a script.
    if (!/^https?:\/\//i.test(url))
      throw new Refusal('link-not-found', 'There is no such link. Copy the whole link from the message.')
    await record(people, request, () =>
      Promise.resolve({ mail, kind: 'clicked', position, link, url, class: classOf(request, 'clicked') }),
    )
    response.redirect(302, url)
  })
  return router
}

/** One transparent pixel. */
const pixel = Buffer.from('R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7', 'base64')

export function openRouter(people: People, guard: Strangers): express.Router {
  const router = express.Router()
  router.get('/o/:token', async (request, response) => {
    // A caller that must wait still gets the image, but the token is not looked up.
    if (guard.wait(request) > 0) return void response.type('image/gif').send(pixel)
    await record(people, request, async () => {
      const mail = await findByOpenToken(people.deps.db, request.params.token)
      if (mail === null) guard.tried(request)
      return mail === null ? null : { mail, kind: 'opened', class: classOf(request, 'opened') }
    })
    response.type('image/gif').send(pixel)
  })
  return router
}

/** Never throws: a failure goes to the log. @param find null: the token is unknown */
async function record(
  people: People,
  request: Request,
  find: () => Promise<Interaction | null>,
): Promise<void> {
  if (request.method !== 'GET') return
  try {
    const interaction = await find()
    if (interaction === null) return
    const recorded = await recordInteraction(people.deps, interaction)
    if (recorded === 'recorded') people.afterCommit()
  } catch (error) {
    people.log.error(
      { err: error },
      'An open or a click could not be recorded. The person got the page all the same.',
    )
  }
}

function classOf(request: Request, kind: 'opened' | 'clicked'): Interaction['class'] {
  const purpose =
    request.get('Sec-Purpose') ?? request.get('Purpose') ?? request.get('X-Purpose') ?? request.get('X-Moz')
  return classify({ kind, userAgent: userAgentOf(request), purpose: purpose ?? null })
}
