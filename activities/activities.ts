/**
 * What the workflows may ask for. Thin: each calls a transaction, or the channel. Requests and answers hold ids, codes, times, and what
 * a decision was made from.
 */
import type { RunEnd } from '../domain/journey/machineTypes.ts'
import type { Next } from '../domain/journey/next.ts'
import { failpoint } from '../failpoints.ts'
import { type Decided, decideDelivery } from '../transactions/deliveries/decideDelivery.ts'
import type { DeliveryRef } from '../transactions/deliveries/origin.ts'
import type { Deps } from '../transactions/deps.ts'
import { advanceRequest } from '../transactions/doubleOptIns/advanceRequest.ts'
import { advance } from '../transactions/runs/advance.ts'
import { cancelFromTemporal } from '../transactions/runs/endRun.ts'
import { alive, deliver, type Means } from './deliver.ts'

/** What a workflow drives: a run of a journey, or a request for double opt-in. */
export type Subject = { kind: 'run' | 'request'; id: string }

/** `now`: the workflow's clock, RFC 3339. */
type About = { subject: Subject; now: string }

export type Activities = {
  /** Moves the run or the request on as far as the database alone can. @returns what is next */
  advance(about: About): Promise<Next>
  /**
   * The consent activity: decides before each send, and records a block at once. The answer names the send, the decision, and all that
   * it rests on.
   */
  decideConsent(about: About & { delivery: string }): Promise<Decided>
  /** Decides again at the claim, hands over, and moves on. @returns what is next */
  deliver(about: About & { delivery: string }): Promise<Next>
  /** Somebody cancelled the workflow in Temporal: ends the row. */
  cancel(about: Pick<About, 'subject'>): Promise<RunEnd | null>
}

export function createActivities(means: Means): Activities {
  const { deps } = means
  return {
    advance: (about) => advanceSubject(deps, about),
    decideConsent: ({ subject, delivery }) => decideDelivery(deps, refOf(subject, delivery)),
    deliver: ({ subject, delivery, now }) =>
      alive(async () => {
        const { clock } = await deliver(means, { ref: refOf(subject, delivery), now })
        await failpoint('deliver:recorded')
        // On skipped time only the workflow knows what time it is for its run.
        if (clock === 'skipping') return { do: 'again' }
        const next = await advanceSubject(deps, { subject, now: new Date().toISOString() }).catch(
          (error: unknown): Next => {
            // The delivery is recorded. The workflow asks again, and has more patience than this activity.
            deps.log.warn({ err: error, [subject.kind]: subject.id }, 'could not advance after a delivery')
            return { do: 'again' }
          },
        )
        await failpoint('deliver:advanced')
        return next
      }),
    // A request is cancelled by nobody: it is confirmed, withdrawn or expires, and recovery starts it again.
    cancel: async ({ subject }) => (subject.kind === 'run' ? cancelFromTemporal(deps, subject.id) : null),
  }
}

function advanceSubject(deps: Deps, { subject, now }: About): Promise<Next> {
  return subject.kind === 'run'
    ? advance(deps, { run: subject.id, now })
    : advanceRequest(deps, { request: subject.id, now })
}

function refOf(subject: Subject, delivery: string): DeliveryRef {
  return subject.kind === 'run'
    ? { kind: 'run', run: subject.id, delivery }
    : { kind: 'double-opt-in', request: subject.id, delivery }
}
