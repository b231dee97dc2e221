/**
 * The API's own description: OpenAPI 3.1 at /openapi.json, and at /docs a reference with search and "try it" drawn from
 * it.
 */
import { randomBytes } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import express, { type Router } from 'express'
import packageJson from '../package.json' with { type: 'json' }
import { docsPage, docsStart } from '../pages/docs.ts'
import { onlyGet } from './methods.ts'
import { openApi } from './openapi.ts'

const library = new URL('browser/standalone.js', import.meta.resolve('@scalar/api-reference'))
const version = packageJson.dependencies['@scalar/api-reference']

export function documentationRoutes(publicUrl: string): Router {
  const router = express.Router({ strict: true })
  const document = openApi(publicUrl)
  router.get('/openapi.json', (_request, response) => {
    response.json(document)
  })
  router.get('/docs', (_request, response) => {
    const nonce = randomBytes(16).toString('base64url')
    response
      .set({
        'Content-Security-Policy': policy(nonce),
        'Referrer-Policy': 'no-referrer',
        'X-Content-Type-Options': 'nosniff',
        'Cache-Control': 'no-store',
      })
      .type('html')
      .send(docsPage(version, nonce))
  })
  router.get('/docs/scalar.js', async (request, response) => {
    const { plain, zipped } = await libraryFile()
    const asGzip = request.acceptsEncodings('gzip') === 'gzip'
    response
      .set({
        'Cache-Control': request.query.v === version ? 'public, max-age=31536000, immutable' : 'no-cache',
        'X-Content-Type-Options': 'nosniff',
        ...(asGzip ? { 'Content-Encoding': 'gzip' } : {}),
      })
      .vary('Accept-Encoding')
      .type('js')
      .send(asGzip ? zipped : plain)
  })
  router.get('/docs/start.js', (_request, response) => {
    response
      .set({ 'Cache-Control': 'no-cache', 'X-Content-Type-Options': 'nosniff' })
      .type('js')
      .send(docsStart)
  })
  router.all(['/openapi.json', '/docs', '/docs/scalar.js', '/docs/start.js'], onlyGet)
  return router
}

/**
 * Allows only the scripts that the page names, and requests only to this API. The library writes styles inline, some
 * without a nonce.
 */
function policy(nonce: string): string {
  return [
    "default-src 'none'",
    `script-src 'nonce-${nonce}'`,
    "style-src 'unsafe-inline'",
    "img-src 'self' data:",
    "connect-src 'self'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "base-uri 'none'",
  ].join('; ')
}

type LibraryFile = { plain: Buffer; zipped: Buffer }
let loaded: Promise<LibraryFile> | null = null

/** Read and compressed at the first request, then kept: the file has four megabytes, and few processes ever serve it. */
function libraryFile(): Promise<LibraryFile> {
  loaded ??= readFile(library).then(async (plain) => ({ plain, zipped: await promisify(gzip)(plain) }))
  return loaded
}
