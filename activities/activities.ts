/**
 * The activities that workflows call. Each only calls a transaction or a channel. Arguments and results contain ids, codes, times, and
 * the inputs of decisions.
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
import { alive, deliver } from './deliver.ts'
import type { Means } from './means.ts'

/** The run of a journey, or the request for double opt-in, that a workflow drives. */
export type Driven = { kind: 'run' | 'request'; id: string }

/** `now`: the workflow's clock, RFC 3339. */
type About = { driven: Driven; now: string }

export type Activities = {
  /** Advances the run or the request through all steps that need only the database. @returns what is next */
  advance(about: About): Promise<Next>
  /**
   * The consent activity: decides before each send, and records a block at once. The result contains the send, the decision and the
   * decision's inputs.
   */
  decideConsent(about: About & { delivery: string }): Promise<Decided>
  /** Decides again at the claim, hands over, and advances. @returns what is next */
  deliver(about: About & { delivery: string }): Promise<Next>
  /** Ends the run's row, because a person cancelled the workflow in Temporal. */
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
        // On skipped time only the workflow knows the run's current time.
        if (clock === 'skipping') return { do: 'again' }
        const next = await advanceDriven(deps, { driven, now: new Date().toISOString() }).catch(
          (error: unknown): Next => {
            // The delivery is recorded. The workflow asks again, and it can wait longer than this activity.
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
    // A request cannot be cancelled: it is confirmed, withdrawn or expires. Recovery starts its workflow again.
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
