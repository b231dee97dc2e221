/**
 * The headers of all pages for people. A page may load our stylesheet, post to us, and nothing else. It sends no
 * referrer (its URL is a key), is not cached, and is not listed by search engines.
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
  // The proxy in front of us decides whether the whole domain is served over HTTPS.
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
