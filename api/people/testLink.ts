/** `GET /test-link/{what}`: where the links of previews and test mails lead. Changes nothing, and takes no POST. */
import express from 'express'
import { Refusal } from '../../domain/refusal.ts'
import { testLinkPage, testLinks } from '../../pages/testLink.ts'
import { testLinkPath } from '../../transactions/definitions/previewMessage.ts'
import { languageOfReader, sendPage } from './answer.ts'

export function testLinkRouter(): express.Router {
  const router = express.Router()
  router.get(`${testLinkPath}/:link`, (request, response) => {
    const link = testLinks.find((one) => one === request.params.link)
    if (link === undefined)
      throw new Refusal('link-not-found', 'There is no such link. Copy the whole link from the message.')
    const language = languageOfReader(request)
    response.vary('Accept-Language')
    sendPage(response, 200, language, testLinkPage(language, link))
  })
  return router
}
