/**
 * The pages' stylesheet. Its address carries its version, so it may be kept for a year; a request for another version
 * is not cached.
 */
import express from 'express'
import { stylePath, stylesheet, styleVersion } from '../../pages/style.ts'

export function styleRouter(): express.Router {
  const router = express.Router()
  router.get(stylePath, (request, response) => {
    const current = request.query.v === styleVersion
    response
      .set({
        'Cache-Control': current ? 'public, max-age=31536000, immutable' : 'no-cache',
        'X-Content-Type-Options': 'nosniff',
      })
      .type('text/css; charset=utf-8')
      .send(stylesheet)
  })
  return router
}
