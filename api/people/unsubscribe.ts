/**
 * `GET, POST /unsubscribe/{handle}`: the target of `List-Unsubscribe` (RFC 2369) and of its one-click POST (RFC 8058), and the
 * page behind the link. GET changes nothing; POST needs no cookie, is answered with 200 and no redirect, and may be
 * repeated.
 */
import express, { type Request, type Response } from 'express'
import { maskAddress } from '../../domain/addresses/normalise.ts'
import { Refusal } from '../../domain/refusal.ts'
import {
  type UnsubscribeView,
  unsubscribeField,
  unsubscribeNotice,
  unsubscribePage,
} from '../../pages/unsubscribe.ts'
import {
  readWithdrawable,
  type Withdrawable,
  withdrawByHandle,
} from '../../transactions/withdrawals/withdrawByHandle.ts'
import { languageOf, saidOn, sendPage } from './answer.ts'
import { type Fields, readFields } from './form.ts'
import type { People } from './ground.ts'

export function unsubscribeRouter(people: People): express.Router {
  const { deps, publicUrl, afterCommit } = people
  const router = express.Router()

  router.get('/unsubscribe/:handle', async (request, response) => {
    const { handle } = request.params
    show(request, response, await readWithdrawable(deps, handle), handle)
  })

  router.post('/unsubscribe/:handle', async (request, response) => {
    const { handle } = request.params
    const { profile, name, topics } = await readWithdrawable(deps, handle)
    const how = howAsked(await readFields(request, response, '64kb'))
    const notice =
      how === 'one-click'
        ? null
        : unsubscribeNotice(languageOf(request, profile.definition.locale), profile.definition.name, {
            name,
            topics,
          })
    const said = saidOn(request, publicUrl, '/unsubscribe')
    const { result, found } = await withdrawByHandle(deps, handle, { ...said, notice })
    if (result === 'withdrawn') afterCommit()
    show(request, response, found, handle)
  })
  return router
}

/** An empty body counts as one-click too: every POST to this URL is a request to unsubscribe. */
function howAsked(fields: Fields): 'one-click' | 'page' {
  if (fields.get('List-Unsubscribe') === 'One-Click' || fields.size === 0) return 'one-click'
  if (fields.get(unsubscribeField.name) === unsubscribeField.value) return 'page'
  throw new Refusal(
    'form-not-ours',
    'The body must be List-Unsubscribe=One-Click (RFC 8058), or the form of the page.',
  )
}

function show(request: Request, response: Response, found: Withdrawable, handle: string): void {
  const { profile, contactPoint, name, topics, state } = found
  const language = languageOf(request, profile.definition.locale)
  const { channel, address } = contactPoint
  const page = unsubscribePage({
    language,
    brand: profile.definition,
    address: address === null ? null : maskAddress(channel, address),
    name,
    topics,
    state: shownStates[state],
    preferences: address === null ? null : `/preferences/${handle}`,
  })
  sendPage(response, 200, language, page)
}

const shownStates: Record<Withdrawable['state'], UnsubscribeView['state']> = {
  'may-withdraw': 'asked',
  withdrawn: 'unsubscribed',
  'nothing-to-withdraw': 'nothing-to-unsubscribe',
}
