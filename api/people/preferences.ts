/** `GET, POST /preferences/{handle}`: the preference centre of the contact point a message was sent to. */
import express, { type Request, type Response } from 'express'
import { maskAddress } from '../../domain/addresses/normalise.ts'
import { everythingAction, readPreferenceForm } from '../../pages/preferenceFields.ts'
import {
  boxNotice,
  everythingNotice,
  type PreferencesOutcome,
  preferencesPage,
} from '../../pages/preferences.ts'
import { type Preferences, readPreferences } from '../../transactions/preferences/readPreferences.ts'
import {
  type Saved,
  savePreferences,
  withdrawEverything,
} from '../../transactions/preferences/savePreferences.ts'
import { languageOf, saidOn, sendPage } from './answer.ts'
import { readFields } from './form.ts'
import type { People } from './ground.ts'

export function preferencesRouter(people: People): express.Router {
  const { deps, publicUrl, afterCommit } = people
  const router = express.Router()

  router.get('/preferences/:handle', async (request, response) => {
    show(request, response, await readPreferences(deps.db, request.params.handle), null)
  })

  // A profile with many purposes and topics sends three fields for each.
  router.post('/preferences/:handle', async (request, response) => {
    const { handle } = request.params
    const { profile } = await readPreferences(deps.db, handle)
    const form = readPreferenceForm(await readFields(request, response, '1mb'))
    const language = languageOf(request, profile.definition.locale)
    const said = saidOn(request, publicUrl, '/preferences')
    const everything = form.action === everythingAction
    const saved = everything
      ? await withdrawEverything(deps, handle, { ...said, notice: everythingNotice(language) })
      : await savePreferences(deps, handle, form, {
          ...said,
          noticeFor: (words) => boxNotice(language, words),
        })
    if (saved.recorded.length > 0) afterCommit()
    const outcome = everything ? 'everything-off' : outcomeOf(saved)
    show(request, response, await readPreferences(deps.db, handle), outcome)
  })
  return router
}

function outcomeOf({ recorded, overtaken, unprovable }: Saved): PreferencesOutcome {
  if (unprovable > 0) return 'not-switched-on'
  if (overtaken > 0) return 'overtaken'
  return recorded.length > 0 ? 'saved' : 'nothing-changed'
}

function show(
  request: Request,
  response: Response,
  preferences: Preferences,
  outcome: PreferencesOutcome | null,
): void {
  const { profile, own, others } = preferences
  const language = languageOf(request, profile.definition.locale)
  const page = preferencesPage({
    language,
    brand: profile.definition,
    address: maskAddress(own.channel, own.address),
    seen: own.seen,
    groups: own.groups,
    others: others.map((other) => ({ ...other, address: maskAddress(other.channel, other.address) })),
    outcome,
  })
  sendPage(response, 200, language, page)
}
