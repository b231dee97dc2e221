/**
 * Sends in this process, without Temporal and without a mail server: this measures what Assent and its database do for
 * one delivery, from the forecast to the recorded answer.
 */
import { sql } from 'drizzle-orm'
import { pino } from 'pino'
import { prepareDelivery } from '../activities/prepare.ts'
import { openChannels } from '../channels/registry.ts'
import { connect } from '../db/connect.ts'
import { Versions } from '../db/reads/versions.ts'
import { outbox } from '../db/schema/triggers.ts'
import { readSettings } from '../settings.ts'
import { Threads } from '../threads/pool.ts'
import { claimDelivery } from '../transactions/deliveries/claimDelivery.ts'
import { decideDelivery } from '../transactions/deliveries/decideDelivery.ts'
import { type DeliveryRef, readDraft } from '../transactions/deliveries/origin.ts'
import { markHandedOver, settleDelivery } from '../transactions/deliveries/settleDelivery.ts'
import type { Deps } from '../transactions/deps.ts'
import { advance } from '../transactions/runs/advance.ts'
import { startRun } from '../transactions/runs/startRun.ts'
import { journey } from './brand.ts'

export type Sends = {
  /** Starts a run of the contact and moves it to its first send. */
  begin(contact: string): Promise<DeliveryRef>
  /** From the forecast to the recorded answer. */
  send(ref: DeliveryRef): Promise<void>
  /** The send that the run has come to. @throws Error where it has come to none */
  next(run: string): Promise<DeliveryRef>
  close(): Promise<void>
}

/** @param environment as the processes have it */
export function openSends(environment: Readonly<Record<string, string>>): Sends {
  const settings = readSettings(environment)
  const database = connect(settings.DATABASE_URL)
  const reads = connect(settings.DATABASE_URL, 1)
  const threads = new Threads({ size: 2 })
  const channels = openChannels(settings)
  const deps: Deps = {
    db: database.db,
    reads: reads.db,
    versions: new Versions(),
    threads,
    dataKeys: settings.dataKeys,
    channels: channels.keys,
    checkSender: (profile) => channels.checkSender(profile),
    log: pino({ level: 'silent' }),
  }
  const now = () => new Date().toISOString()
  const next = async (run: string): Promise<DeliveryRef> => {
    const step = await advance(deps, { run, now: now() })
    if (step.do !== 'send') throw new Error(`the run goes on with ${step.do}`)
    return { kind: 'run', run, delivery: step.delivery }
  }
  return {
    next,
    begin: async (contactId) => {
      // No workflow should drive the run: its outbox rows are deleted in the same transaction.
      const { id } = await deps.db.transaction(async (tx) => {
        const run = await startRun({ ...deps, db: tx }, { journey, contactId, payload: {} })
        await tx.delete(outbox).where(sql`stream = ${run.id}`)
        return run
      })
      return next(id)
    },
    send: async (ref) => {
      const { decision } = await decideDelivery(deps, ref)
      if (decision.verdict !== 'allow') throw new Error(`a delivery was blocked: ${decision.reason}`)
      const { assessment, content } = await readDraft(deps, deps.reads ?? deps.db, ref)
      const means = { deps, channels, publicUrl: settings.PUBLIC_URL }
      const { rendering } = await prepareDelivery(means, assessment, content)
      const claim = await claimDelivery(deps, rendering, now())
      if (claim.kind !== 'claimed') throw new Error(`a delivery was not claimed: ${claim.kind}`)
      if (!(await markHandedOver(deps, claim.delivery, claim.attempt))) throw new Error('a claim was lost')
      const answer = { code: 250, enhanced: '2.0.0', text: '2.0.0 Ok: queued' }
      const { state } = await settleDelivery(deps, claim, { kind: 'accepted', answer }, now())
      if (state !== 'sent') throw new Error(`a delivery ended as ${state}`)
    },
    close: async () => {
      await channels.close()
      await threads.close()
      await reads.close()
      await database.close()
    },
  }
}
