/** How Twilio says no: an HTTP status, a code of its own, a sentence and a page about it. */
import type { Response } from 'express'

export interface Refusal {
  readonly status: number
  readonly code: number
  readonly message: string
}

export function refuse(response: Response, { status, code, message }: Refusal): void {
  response
    .status(status)
    .json({ code, message, more_info: `https://www.twilio.com/docs/errors/${code}`, status })
}

export const notAuthenticated: Refusal = { status: 401, code: 20003, message: 'Authenticate' }

export function notFound(path: string): Refusal {
  return { status: 404, code: 20404, message: `The requested resource ${path} was not found` }
}

const e164 = /^\+[1-9]\d{6,14}$/
/** A number, a short code, or a sender's name of up to eleven characters. */
const sender = /^(\+[1-9]\d{6,14}|\d{3,8}|(?=.*[A-Za-z])[A-Za-z0-9 ]{1,11})$/

export interface Wish {
  readonly to: string | undefined
  readonly from: string | undefined
  readonly messagingServiceSid: string | undefined
  readonly body: string | undefined
}

/** What is wrong with a wish to send, in the order in which Twilio looks; undefined when nothing is. */
export function refusalOf({ to, from, messagingServiceSid, body }: Wish): Refusal | undefined {
  const bad = (code: number, message: string): Refusal => ({ status: 400, code, message })
  if (to === undefined || to === '') return bad(21604, "A 'To' phone number is required.")
  if (!e164.test(to)) return bad(21211, `Invalid 'To' Phone Number: ${to}`)
  if (messagingServiceSid === undefined) {
    if (from === undefined || from === '') return bad(21603, "A 'From' phone number is required.")
    if (!sender.test(from)) return bad(21212, `Invalid From Number (caller ID): ${from}`)
    if (from === to) return bad(21266, "'To' and 'From' number cannot be the same")
  }
  if (body === undefined || body === '') return bad(21602, 'Message body is required.')
  if (body.length > 1_600) return bad(21617, 'The concatenated message body exceeds the 1600 character limit')
  return undefined
}
