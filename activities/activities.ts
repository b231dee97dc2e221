/**
 * The activities of the workflows. Thin: each calls a transaction or a channel. Requests and answers contain ids, codes, times, and the
 * inputs of decisions.
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
export type Driven = { kind: 'run' | 'request'; id: string }

/** `now`: the workflow's clock, RFC 3339. */
type About = { driven: Driven; now: string }

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
  cancel(about: Pick<About, 'driven'>): Promise<RunEnd | null>
}

export function createActivities(means: Means): Activities {
  const { deps } = means
  return {
    advance: (about) => advanceDriven(deps, about),
    decideConsent: ({ driven, delivery }) => decideDelivery(deps, refOf(driven, delivery)),
    deliver: ({ driven, delivery, now }) =>
      alive(async () => {
        const { clock } = await deliver(means, { ref: refOf(driven, delivery), now })
        await failpoint('deliver:recorded')
        // On skipped time only the workflow knows what time it is for its run.
        if (clock === 'skipping') return { do: 'again' }
        const next = await advanceDriven(deps, { driven, now: new Date().toISOString() }).catch(
          (error: unknown): Next => {
            // The delivery is recorded. The workflow asks again, and has more patience than this activity.
            deps.log.warn(
              { err: error, [driven.kind]: driven.id },
              'The run could not advance after its delivery. The workflow asks again.',
            )
            return { do: 'again' }
          },
        )
        await failpoint('deliver:advanced')
        return next
      }),
    // A request is cancelled by nobody: it is confirmed, withdrawn or expires, and recovery starts it again.
    cancel: async ({ driven }) => (driven.kind === 'run' ? cancelFromTemporal(deps, driven.id) : null),
  }
}

function advanceDriven(deps: Deps, { driven, now }: About): Promise<Next> {
  return driven.kind === 'run'
    ? advance(deps, { run: driven.id, now })
    : advanceRequest(deps, { request: driven.id, now })
}

function refOf(driven: Driven, delivery: string): DeliveryRef {
  return driven.kind === 'run'
    ? { kind: 'run', run: driven.id, delivery }
    : { kind: 'double-opt-in', request: driven.id, delivery }
}
