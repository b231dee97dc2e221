/**
 * The headers of everything people see. A page may load our own stylesheet, post to us, and nothing else; it tells nobody where
 * the reader came from (its address is a key), is kept by no cache and listed by no search engine.
 */
import type { RequestHandler } from 'express'
import helmet from 'helmet'

const policy = {
  useDefaults: false,
  directives: {
    defaultSrc: ["'none'"],
    styleSrc: ["'self'"],
    imgSrc: ["'self'", 'data:'],
    formAction: ["'self'"],
    frameAncestors: ["'none'"],
    baseUri: ["'none'"],
  },
}

const protect = helmet({
  contentSecurityPolicy: policy,
  referrerPolicy: { policy: 'no-referrer' },
  frameguard: { action: 'deny' },
  // Whether the whole domain is served over HTTPS is for the proxy in front of us to say.
  strictTransportSecurity: false,
})

export const pageHeaders: RequestHandler = (request, response, next) => {
  response.set({ 'Cache-Control': 'no-store', 'X-Robots-Tag': 'noindex, nofollow' })
  protect(request, response, next)
}

/** An image in a mail is shown by pages of other sites. */
const protectImage = helmet({
  contentSecurityPolicy: policy,
  referrerPolicy: { policy: 'no-referrer' },
  strictTransportSecurity: false,
  crossOriginResourcePolicy: { policy: 'cross-origin' },
})

export const imageHeaders: RequestHandler = (request, response, next) => {
  response.set({ 'Cache-Control': 'no-store', 'X-Robots-Tag': 'noindex, nofollow' })
  protectImage(request, response, next)
}
