/**
 * Keys of mails that nobody was ever given, counted per network address. Whoever tries too many waits: only for what a person can
 * come back to. What withdraws, or leads to it, is never refused: mail providers send one-click withdrawals of many people from one
 * address, and a person must get out also where a neighbour tries keys.
 */
import type { Request, RequestHandler } from 'express'
import { Strikes } from '../../domain/limits/strikes.ts'
import { Refusal } from '../../domain/refusal.ts'
import { clientNetwork } from '../clientAddress.ts'

/** Wrong keys that one network may try, and how many of them are forgotten in a second. */
const wrongKeys = { burst: 100, perSecond: 1 }

export type Strangers = {
  /** The request named a key that is none of ours. */
  tried(request: Request): void
  /** Seconds that the sender of the request should wait; 0: none. */
  wait(request: Request): number
  /** Refuses those that should wait. */
  hold: RequestHandler
}

export function strangers(): Strangers {
  const strikes = new Strikes(wrongKeys)
  const now = (): number => performance.now() / 1000
  const wait = (request: Request): number => strikes.wait(clientNetwork(request), now())
  return {
    tried: (request) => strikes.add(clientNetwork(request), now()),
    wait,
    hold: (request, _response, next) => {
      const seconds = wait(request)
      if (seconds === 0) return next()
      next(
        new Refusal(
          'too-many-unknown-links',
          'Too many unknown links were opened from this network address. Wait, then open the link again.',
          { retryAfter: seconds },
        ),
      )
    },
  }
}
