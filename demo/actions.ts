/** What a visitor can do, and what the shop reports to Assent. Each action leaves an entry in the visitor's log. */
import { createHash, createHmac } from 'node:crypto'
import { normaliseAddress } from '../domain/addresses/normalise.ts'
import type { Answer, Assent, Taken } from './assent.ts'
import { boxes, formVersion, notice } from './consentForm.ts'
import { euros, type Product, sum } from './products.ts'
import { type Action, newCart, remember, type Visitor } from './visitors.ts'

/** What the actions need of the shop. */
export interface Counter {
  readonly assent: Assent
  /** External ids are derived from it, so they stay the same and do not reveal the address. */
  readonly secret: string
}

/** Where the form came from, for evidence and links. */
export interface Circumstances {
  readonly pageUrl: string
  readonly ip: string | undefined
  readonly userAgent: string | undefined
}

/** Requests a double opt-in for exactly what was ticked. */
export async function signUp(
  { assent, secret }: Counter,
  visitor: Visitor,
  ticked: readonly string[],
  { pageUrl, ip, userAgent }: Circumstances,
): Promise<void> {
  const wanted = boxes.filter(({ field }) => ticked.includes(field))
  const names = wanted.map(({ name }) => name).join(', ')
  const title = `Signed up for ${names}`
  const known = await introduce(assent, secret, visitor, visitor.name !== '')
  if (!known.ok) return remember(visitor, refused(title, '/v1/contacts/{externalId}', known))

  const answer = await assent.requestDoubleOptIn({
    contactPoint: { channel: 'email', address: visitor.email },
    profile: 'default',
    grants: wanted.map(({ grant }) => grant),
    circumstances: `Ticked in the sign-up form of the shop: ${names}`,
    notice,
    evidence: {
      pageUrl,
      ...(ip !== undefined && { ip }),
      ...(userAgent !== undefined && userAgent !== '' && { userAgent: userAgent.slice(0, 1000) }),
      formVersion,
      defaultState: 'unticked',
    },
  })
  const request = 'POST /v1/double-opt-ins'
  if (!answer.ok) return remember(visitor, refused(title, request, answer))
  remember(visitor, {
    ...accepted(title, request, answer.status),
    remark: 'Assent sends a mail with a link. Nothing changes until you confirm it in the mailbox.',
    doubleOptIn: answer.value.id,
  })
}

/** The cart as the form sent it. */
export interface SentCart {
  readonly cart: string
  readonly chosen: readonly Product[]
  /** Random id of the rendered form: two clicks on the same form count once. */
  readonly form: string
  readonly pageUrl: string
}

const again = 'Assent already knew this click. It counts once.'

export async function leaveCart(counter: Counter, visitor: Visitor, sent: SentCart): Promise<void> {
  await report(counter, visitor, 'Left the cart', 'cart.abandoned', sent, {}, ({ started, duplicate }) => {
    if (duplicate) return again
    if (started.length > 0)
      return 'A journey began. It waits ten seconds and then checks whether it may remind you.'
    return 'No journey began. The journey needs a cart of at least €20, and you can be in it only once at a time.'
  })
}

export async function buy(counter: Counter, visitor: Visitor, sent: SentCart): Promise<void> {
  const order = orderNumber(sent.form)
  const title = `Bought, as order ${order}`
  const taken = await report(
    counter,
    visitor,
    title,
    'order.placed',
    sent,
    { order },
    ({ duplicate, signalled }) => {
      if (duplicate) return again
      const ended =
        signalled.length > 0 ? ' The journey for this cart ended at once, so you get no reminder.' : ''
      return `The order confirmation is transactional, so it needs no consent.${ended}`
    },
  )
  if (taken && visitor.cart === sent.cart) visitor.cart = newCart()
}

/** The same for the same click. */
function orderNumber(form: string): string {
  const random = createHash('sha256').update(form).digest().readUInt32BE(0)
  return `N-${100_000 + (random % 900_000)}`
}

async function report(
  { assent, secret }: Counter,
  visitor: Visitor,
  title: string,
  trigger: string,
  { cart, chosen, form, pageUrl }: SentCart,
  more: object,
  remark: (taken: Taken) => string,
): Promise<boolean> {
  const known = await introduce(assent, secret, visitor, false)
  const request = `POST /v1/triggers/${trigger}`
  if (!known.ok) {
    remember(visitor, refused(title, '/v1/contacts/{externalId}', known))
    return false
  }
  const value = sum(chosen)
  const answer = await assent.trigger(trigger, {
    id: form,
    contact: { externalId: externalIdOf(secret, visitor.email) },
    payload: {
      ...more,
      cart,
      value,
      total: euros(value),
      items: chosen.map(({ name, price }) => ({ name, price: euros(price) })),
      url: pageUrl,
    },
  })
  if (!answer.ok) {
    remember(visitor, refused(title, request, answer))
    return false
  }
  remember(visitor, {
    ...accepted(title, request, answer.status),
    remark: remark(answer.value),
    runs: answer.value.started,
  })
  return true
}

/** Makes the visitor a contact in Assent, unless the contact exists and nothing is new. */
async function introduce(
  assent: Assent,
  secret: string,
  visitor: Visitor,
  anew: boolean,
): Promise<Answer<unknown>> {
  const externalId = externalIdOf(secret, visitor.email)
  if (!anew) {
    const present = await assent.contact(externalId)
    if (present.ok || present.status !== 404) return present
  }
  return assent.putContact(externalId, {
    email: visitor.email,
    attributes: visitor.name === '' ? {} : { firstName: visitor.name },
    locale: 'en',
  })
}

/** The shop's id of a customer: the same for the same address, also after a restart. */
export function externalIdOf(secret: string, email: string): string {
  return `shop-${createHmac('sha256', secret).update(email).digest('hex').slice(0, 20)}`
}

/** The normalised address; undefined if it is not one. */
export function readEmail(text: string): string | undefined {
  const read = normaliseAddress('email', text)
  return read.ok ? read.address : undefined
}

function accepted(title: string, request: string, status: number): Action {
  return { at: new Date(), title, request, status, problem: null, remark: '', runs: [], doubleOptIn: null }
}

function refused(title: string, request: string, answer: Extract<Answer<unknown>, { ok: false }>): Action {
  return { ...accepted(title, request, answer.status), problem: answer.problem }
}
