/**
 * The demo shop behind `npm start`: a small website that reports to Assent what its visitors do, as any shop would, from
 * its server. It shows each visitor what Assent answered and what became of it.
 */
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import express, { type NextFunction, type Request, type Response } from 'express'
import helmet from 'helmet'
import { z } from 'zod'
import { buy, type Counter, leaveCart, readEmail, signUp } from './actions.ts'
import { Assent } from './assent.ts'
import { boxes } from './consentForm.ts'
import type { Html } from './html.ts'
import { lookAt, lookAtRun } from './look.ts'
import { activityOf } from './pages/activity.ts'
import type { Places } from './pages/frame.ts'
import { homePage } from './pages/home.ts'
import { messagePage, runPage } from './pages/run.ts'
import { products } from './products.ts'
import { type Visitor, Visitors } from './visitors.ts'

export interface ShopOptions extends Places {
  /** 0 picks a free one. */
  readonly port: number
  /** Address of Assent's API. */
  readonly api: string
  readonly apiKey: string
}

/** A field that may come once or several times. */
const severalShape = z.preprocess(
  (value) => (value === undefined ? [] : [value].flat()),
  z.array(z.string().max(40)).max(20),
)
const cartShape = z.object({
  email: z.string().max(400).default(''),
  items: severalShape,
  form: z.string().regex(/^[\w-]{10,60}$/),
  cart: z.string().regex(/^[\w-]{5,60}$/),
})
const signUpShape = z.object({
  email: z.string().max(400).default(''),
  name: z.string().max(80).default(''),
  ticked: severalShape,
  fax: z.string().max(1000).default(''),
})

const badEmail = 'That does not look like an e-mail address. Please check it.'

/** @throws Error where it cannot listen on the port */
export async function startShop(options: ShopOptions): Promise<{ url: string; close(): Promise<void> }> {
  const visitors = new Visitors()
  const counter: Counter = { assent: new Assent(options), secret: options.apiKey }
  const app = express()
  let url = ''
  const cookieName = () => `northpath-${new URL(url).port}`

  app.disable('x-powered-by')
  app.use(protection)
  for (const file of ['style.css', 'live.mjs']) {
    const path = fileURLToPath(new URL(file, import.meta.url))
    app.get(`/${file}`, (_request, response) => response.sendFile(path, { dotfiles: 'allow' }))
  }
  app.use((request, response, next) => {
    if (request.method === 'POST' && isForeign(request)) return send(response.status(403), refusedForm())
    return next()
  })
  app.use(express.urlencoded({ extended: false, limit: '10kb', parameterLimit: 50 }))

  app.get('/', async (request, response) => {
    const visitor = visitors.find(readCookie(request, cookieName())) ?? newVisitor(response)
    const activity = activityOf(await lookAt(counter, visitor), options)
    send(response, homePage(visitor, randomBytes(12).toString('hex'), options, activity))
    visitor.complaint = null
  })

  app.get('/activity', async (request, response) => {
    const visitor = visitors.find(readCookie(request, cookieName()))
    const activity =
      visitor === undefined ? { consents: null, email: '', seen: [] } : await lookAt(counter, visitor)
    send(response, activityOf(activity, options))
  })

  app.get('/runs/:id', async (request, response) => {
    const visitor = visitors.find(readCookie(request, cookieName()))
    const details = visitor && (await lookAtRun(counter, visitor, request.params.id))
    if (details) return send(response, runPage(details, options))
    const text = 'This run does not belong to your visit to the shop.'
    return send(response.status(404), messagePage('Not found', text, options))
  })

  for (const [path, act] of [
    ['/cart/leave', leaveCart],
    ['/cart/buy', buy],
  ] as const) {
    app.post(path, async (request, response) => {
      const visitor = visitors.find(readCookie(request, cookieName())) ?? newVisitor(response)
      const { email, items, form, cart } = cartShape.parse(request.body ?? {})
      const chosen = products.filter(({ key }) => items.includes(key))
      visitor.chosen = chosen.map(({ key }) => key)
      const address = readEmail(email)
      if (address !== undefined) visitor.email = address
      if (address === undefined) complain(visitor, 'cart', badEmail)
      else if (chosen.length === 0)
        complain(visitor, 'cart', 'Your cart is empty. Please put something in it first.')
      else await act(counter, visitor, { cart, chosen, form, pageUrl: url })
      response.redirect(303, visitor.complaint === null ? '/#behind' : '/#cart')
    })
  }

  app.post('/sign-up', async (request, response) => {
    const visitor = visitors.find(readCookie(request, cookieName())) ?? newVisitor(response)
    const { email, name, ticked, fax } = signUpShape.parse(request.body ?? {})
    const known = boxes.filter(({ field }) => ticked.includes(field)).map(({ field }) => field)
    const address = readEmail(email)
    if (address !== undefined) visitor.email = address
    visitor.name = name.trim()
    if (fax !== '')
      complain(visitor, 'sign-up', 'This form was filled in the way robots do it, so you were not signed up.')
    else if (address === undefined) complain(visitor, 'sign-up', badEmail)
    else if (known.length === 0)
      complain(visitor, 'sign-up', 'Nothing is ticked. Please tick at least one box.')
    else {
      const { ip } = request
      await signUp(counter, visitor, known, { pageUrl: url, ip, userAgent: request.get('user-agent') })
    }
    response.redirect(303, visitor.complaint === null ? '/#behind' : '/#letters')
  })

  app.use((_request, response) => {
    send(response.status(404), messagePage('Not found', 'This page does not exist.', options))
  })
  app.use((error: unknown, _request: Request, response: Response, next: NextFunction) => {
    if (response.headersSent) return next(error)
    if (error instanceof z.ZodError || isClientError(error)) return send(response.status(400), refusedForm())
    process.stderr.write(`shop: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`)
    const text = 'Something went wrong in the shop. Please try again.'
    return send(response.status(500), messagePage('Sorry', text, options))
  })

  function newVisitor(response: Response): Visitor {
    const visitor = visitors.welcome()
    response.cookie(cookieName(), visitor.id, { httpOnly: true, sameSite: 'lax', path: '/' })
    return visitor
  }

  function refusedForm(): Html {
    return messagePage(
      'The form could not be read',
      'Please go back to the shop and send the form again.',
      options,
    )
  }

  const server = app.listen(options.port, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the shop listens on no port')
  url = `http://127.0.0.1:${address.port}/`
  return {
    url,
    close: async () => {
      const closed = once(server, 'close')
      server.close()
      server.closeAllConnections()
      await closed
    },
  }
}

const protection = helmet({
  contentSecurityPolicy: {
    useDefaults: false,
    directives: {
      defaultSrc: ["'none'"],
      styleSrc: ["'self'"],
      scriptSrc: ["'self'"],
      connectSrc: ["'self'"],
      imgSrc: ['data:'],
      formAction: ["'self'"],
      baseUri: ["'none'"],
      frameAncestors: ["'none'"],
    },
  },
  // The shop is served over plain HTTP on the machine it runs on.
  strictTransportSecurity: false,
})

/** Whether a browser says that the form was sent from somebody else's page. */
function isForeign(request: Request): boolean {
  const site = request.get('sec-fetch-site')
  return site !== undefined && site !== 'same-origin' && site !== 'none'
}

function isClientError(error: unknown): boolean {
  return error instanceof Error && 'status' in error && typeof error.status === 'number' && error.status < 500
}

function complain(visitor: Visitor, form: 'cart' | 'sign-up', text: string): void {
  visitor.complaint = { form, text }
}

function send(response: Response, page: Html): void {
  response.set('cache-control', 'no-store').type('html').send(page.text)
}

function readCookie(request: Request, name: string): string | undefined {
  const pairs = (request.get('cookie') ?? '').split(';').map((pair) => pair.trim().split('='))
  return pairs.find(([key]) => key === name)?.[1]
}
