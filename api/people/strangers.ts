/**
 * Limits guesses of the keys in mail links, per network address. After too many wrong keys a caller must wait, but only
 * for requests that a person can repeat later. Withdrawals, and the pages that lead to them, are never refused: mail
 * providers send one-click withdrawals of many people from one address, and a person must be able to withdraw even if
 * another caller behind the same address guesses keys.
 */
import type { Request, RequestHandler } from 'express'
import { Strikes } from '../../domain/limits/strikes.ts'
import { Refusal } from '../../domain/refusal.ts'
import { clientNetwork } from '../clientAddress.ts'

/** Wrong keys that one network may try, and how many of them decay per second. */
const wrongKeys = { burst: 100, perSecond: 1 }

export type Strangers = {
  /** Counts a request with an unknown key. */
  tried(request: Request): void
  /** Seconds that the caller must wait; 0: none. */
  wait(request: Request): number
  /** Refuses requests of callers that must wait. */
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
