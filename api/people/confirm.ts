/** `GET, POST /confirm/{token}`: double opt-in. GET shows what is asked, POST confirms it, or asks for a new mail. */
import express, { type Request, type Response } from 'express'
import { maskAddress } from '../../domain/addresses/normalise.ts'
import { Refusal } from '../../domain/refusal.ts'
import { type ConfirmView, confirmNotice, confirmPage } from '../../pages/confirm.ts'
import { askForNewMail } from '../../transactions/doubleOptIns/askForNewMail.ts'
import { confirmDoubleOptIn } from '../../transactions/doubleOptIns/confirmDoubleOptIn.ts'
import { type ConfirmationShown, readConfirmation } from '../../transactions/doubleOptIns/readConfirmation.ts'
import { languageOf, saidOn, sendPage } from './answer.ts'
import { readFields } from './form.ts'
import type { People } from './ground.ts'

export function confirmRouter(people: People): express.Router {
  const { deps, publicUrl, afterCommit } = people
  const router = express.Router()

  router.get('/confirm/:token', async (request, response) => {
    const shown = await readConfirmation(deps, request.params.token)
    show(request, response, shown, shown.state === 'confirmed' ? 'already-confirmed' : shown.state)
  })

  router.post('/confirm/:token', async (request, response) => {
    const { token } = request.params
    const shown = await readConfirmation(deps, token)
    const fields = await readFields(request, response, '64kb')
    const said = saidOn(request, publicUrl, '/confirm')
    if (fields.has('again')) {
      const state = await askForNewMail(deps, token, said)
      afterCommit()
      return show(request, response, shown, state === 'confirmed' ? 'already-confirmed' : state)
    }
    if (fields.size > 0) {
      throw new Refusal(
        'form-not-ours',
        'This is not the form of the confirmation page. Open the page again.',
      )
    }
    const { profile, grants } = shown
    const notice = confirmNotice(languageOf(request, profile.locale), profile.name, grants)
    const state = await confirmDoubleOptIn(deps, token, { notice, ...said })
    afterCommit()
    show(request, response, shown, state)
  })
  return router
}

/** The grants are those read before: what was pending then is what was confirmed. */
function show(
  request: Request,
  response: Response,
  shown: ConfirmationShown,
  state: ConfirmView['state'],
): void {
  const { profile, channel, address, grants } = shown
  const language = languageOf(request, profile.locale)
  const view = { language, brand: profile, address: maskAddress(channel, address), grants, state }
  sendPage(response, 200, language, confirmPage(view))
}
