/** `GET /problems` and `GET /problems/{kind}`: what the `type` of a problem document leads to, as a page or as JSON. */
import express, { type Request, type Response, type Router } from 'express'
import { Refusal } from '../domain/refusal.ts'
import { allRefusals } from '../domain/refusals/catalogue.ts'
import { problemIndexPage, problemKindPage } from '../pages/problemKind.ts'
import { onlyGet } from './methods.ts'
import { pageHeaders } from './people/headers.ts'
import { problemKind, problemKinds, problemType } from './problemKinds.ts'

export function problemRoutes(publicUrl: string): Router {
  const router = express.Router()
  router.use('/problems', pageHeaders)
  router.get('/problems', (request, response) => {
    const kinds = Object.entries(problemKinds).map(([kind, { status, title }]) => ({
      kind,
      status,
      title,
      codes: allRefusals.filter((one) => one.kind === kind).map(({ code }) => code),
    }))
    answer(request, response, { items: kinds, next: null }, problemIndexPage(kinds))
  })
  router.get('/problems/:kind', (request, response) => {
    const { kind } = request.params
    const found = problemKind(kind)
    if (found === null) {
      throw new Refusal(
        'problem-not-found',
        `There is no kind of problem "${kind}". GET /problems lists all.`,
      )
    }
    const json = { type: problemType(publicUrl, kind), kind, ...found }
    answer(request, response, json, problemKindPage({ kind, ...found }))
  })
  router.all(['/problems', '/problems/:kind'], onlyGet)
  return router
}

/** A browser gets the page, a program the same in JSON. */
function answer(request: Request, response: Response, json: object, page: string): void {
  response.vary('Accept')
  if (request.accepts(['application/json', 'text/html']) === 'text/html') response.type('html').send(page)
  else response.json(json)
}
