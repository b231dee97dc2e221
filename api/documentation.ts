/** The API's own description: OpenAPI 3.1 at /openapi.json, and readable pages made from it at /docs. */
import express, { type Router } from 'express'
import { docsPage, docsStyle } from '../pages/docs.ts'
import { openApi } from './openapi.ts'

export function documentationRoutes(publicUrl: string): Router {
  const router = express.Router()
  const document = openApi(publicUrl)
  router.get('/openapi.json', (_request, response) => {
    response.json(document)
  })
  router.get('/docs', (_request, response) => {
    response
      .set(
        'Content-Security-Policy',
        "default-src 'none'; style-src 'self'; frame-ancestors 'none'; base-uri 'none'",
      )
      .type('html')
      .send(docsPage(document))
  })
  router.get('/docs.css', (_request, response) => {
    response.type('css').send(docsStyle)
  })
  return router
}
