/**
 * What already happened that a wait is for when it is entered: interactions since the message was sent, triggers since the run's
 * last step took effect (or since the entry), by sequence and not by clock. It reads what the wait awaits and nothing else, by
 * index: a contact's lock is held meanwhile.
 */
import { sql } from 'drizzle-orm'
import type { Db } from '../../db/connect.ts'
import { type BoundQuery, columnsOf, given, PreparedQuery, rowsOf } from '../../db/preparedQuery.ts'
import { type StoredEvent, triggerEvents } from '../../db/schema/triggers.ts'
import { type Await, interactionNames } from '../../domain/journey/awaits.ts'
import type { LockedRun } from '../locks.ts'
import type { Bindings } from './bindings.ts'
import { firstMatch, type MatchedEvent } from './settleMatched.ts'

/** Events read at a time; the first whose condition holds ends it. */
const batch = 50

export type PastMatch = { branch: number; event: MatchedEvent }

/** Reads for one wait, as queries to be pipelined with others of the transaction; null where the wait is for nothing of the kind. */
export class Past {
  readonly #run: LockedRun
  readonly #triggers: readonly (Await & { since: number })[]
  readonly #interactions: readonly Await[]
  readonly #what: 'event' | 'exit'
  #unknown: string | null = null

  /**
   * @param run as it is when the wait is entered
   * @param what the language calls what is awaited, for reasons
   */
  constructor(run: LockedRun, awaits: readonly Await[], what: 'event' | 'exit' = 'event') {
    this.#what = what
    this.#run = run
    this.#interactions = awaits.filter((awaited) => awaited.step !== null)
    this.#triggers = awaits
      .filter((awaited) => awaited.step === null)
      .map((awaited) => ({ ...awaited, since: awaited.sinceEntry ? run.entrySeq : run.markSeq }))
  }

  /** Why conditions on past events could not be evaluated, after `firstMatch`; null: all could. */
  get unknown(): string | null {
    return this.#unknown
  }

  /** The first triggers awaited by name, after this sequence number. */
  triggers(after: number): BoundQuery<StoredEvent[]> | null {
    if (this.#triggers.length === 0) return null
    const awaited = this.#triggers.map(({ trigger, since }) => ({ awaited: trigger, since }))
    return triggersSince.with({
      contact: this.#run.contactId,
      awaited: JSON.stringify(awaited),
      after,
    })
  }

  /** For each awaited interaction the first event that is one. */
  interactions(): BoundQuery<PastMatch[]> | null {
    if (this.#interactions.length === 0) return null
    const awaited = this.#interactions.map(({ index, step, trigger, link, humanOnly }) => {
      return { index, step, names: interactionNames(trigger), link, humanonly: humanOnly }
    })
    const values = { contact: this.#run.contactId, run: this.#run.id, awaited: JSON.stringify(awaited) }
    return firstInteractions.with(values).map((rows) => rows.map(({ found }) => found))
  }

  /**
   * The first event that the wait is for, and of one event the first awaited thing.
   * @param triggers the answer of `triggers(0)`, @param interactions of `interactions()`
   */
  async firstMatch(
    tx: Db,
    triggers: readonly StoredEvent[],
    interactions: readonly PastMatch[],
    bindings: Bindings,
  ): Promise<PastMatch | null> {
    const [interaction = null] = [...interactions].sort(inOrder)
    const trigger = await this.#firstTrigger(tx, triggers, interaction, bindings)
    const [first = null] = [trigger, interaction].filter((match) => match !== null).sort(inOrder)
    return first
  }

  async #firstTrigger(
    tx: Db,
    first: readonly StoredEvent[],
    before: PastMatch | null,
    bindings: Bindings,
  ): Promise<PastMatch | null> {
    for (let events = first; ; ) {
      for (const event of events) {
        const seq = event.seq ?? 0
        if (before !== null && seq > before.event.seq) return null
        const counting = this.#triggers.filter(({ since }) => seq > since)
        const past = { ...event, messageStep: null }
        const found = await firstMatch(counting, past, this.#run.payload, bindings, this.#what)
        if (found.index !== null) return { branch: found.index, event: { ...event, seq } }
        this.#unknown = found.unknown ?? this.#unknown
      }
      const last = events.at(-1)
      if (last === undefined || events.length < batch) return null
      events = (await this.triggers(last.seq ?? 0)?.run(tx)) ?? []
    }
  }
}

function inOrder(a: PastMatch, b: PastMatch): number {
  return a.event.seq - b.event.seq || a.branch - b.branch
}

const triggersSince = rowsOf<{ contact: string; awaited: string; after: number }>()(
  triggerEvents,
  sql`select ${columnsOf(triggerEvents)}
    from (select awaited, min(since) as since
      from jsonb_to_recordset(${given('awaited')}::jsonb) as one (awaited text, since bigint) group by awaited) wanted
    cross join lateral (
      select * from trigger_events
      where contact_id = ${given('contact')}::uuid and name = wanted.awaited
        and seq > greatest(wanted.since, ${given('after')}::bigint)
      order by seq limit ${sql.raw(String(batch))}
    ) event
    order by seq limit ${sql.raw(String(batch))}`,
)

/** Of a step's messages only the newest counts: the one of this visit. */
const firstInteractions = new PreparedQuery<
  { contact: string; run: string; awaited: string },
  { found: PastMatch }
>(
  sql`select json_build_object('branch', wanted.index, 'event', json_build_object(
      'id', event.id, 'name', event.name, 'seq', event.seq, 'recordedAt', event.recorded_at)) as found
    from jsonb_to_recordset(${given('awaited')}::jsonb)
      as wanted (index integer, step text, names text[], link text, humanonly boolean)
    cross join lateral (
      select id from deliveries where run_id = ${given('run')}::uuid and step = wanted.step order by visit desc limit 1
    ) message
    cross join lateral (
      select earliest.* from unnest(wanted.names) as one (name) cross join lateral (
        select id, name, seq, recorded_at from trigger_events
        where delivery_id = message.id and contact_id = ${given('contact')}::uuid and name = one.name
          and (not wanted.humanonly or class = 'human')
          and (wanted.link is null or payload->>'link' = wanted.link or payload->>'url' = wanted.link)
        order by seq limit 1
      ) earliest
      order by earliest.seq limit 1
    ) event`,
)
