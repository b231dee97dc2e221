/**
 * Settles the open waits of a contact that an event matches: open → matched(event), once. Four statements, however many waits
 * match: one reads the waits that the event may concern, one locks their runs, one settles, one nudges their workflows.
 */
import { sql } from 'drizzle-orm'
import { given, PreparedQuery } from '../../db/preparedQuery.ts'
import type { runs, waits } from '../../db/schema/journeys.ts'
import { awaitsOf } from '../../domain/journey/awaits.ts'
import { journeyWorkflowId } from '../../domain/workflowIds.ts'
import { putAllInOutbox } from '../outbox.ts'
import { noteUnknowns, type UnknownOfRun } from '../runs/noteUnknowns.ts'
import { firstMatch, type Match, settleMatched } from '../runs/settleMatched.ts'
import type { Happening } from './happening.ts'
import { unlessUnreadable } from './unlessUnreadable.ts'

type OpenWait = Pick<typeof waits.$inferSelect, 'id' | 'step'> &
  Pick<typeof runs.$inferSelect, 'journey' | 'version' | 'payload'> & {
    run: string
    /** The send step of this run whose newest message the event is about. */
    messageStep: string | null
  }

/**
 * What of the contact's open waits the event may concern: those that await a trigger of its name, and the wait of the run whose
 * newest message it is about.
 */
export const concernedWaits = new PreparedQuery<
  { contact: string; name: string; delivery: string | null },
  OpenWait
>(
  sql`with message as (
    select run_id, step from deliveries one where id = ${given('delivery')}::uuid and not exists (
      select from deliveries later where later.run_id = one.run_id and later.step = one.step and later.visit > one.visit)
  )
  select w.id, w.run_id as run, w.step, r.journey, r.version, r.payload, m.step as "messageStep"
    from waits w join runs r on r.id = w.run_id left join message m on m.run_id = w.run_id
    where w.contact_id = ${given('contact')}::uuid and w.state = 'open' and w.kind = 'events'
      and (w.awaited is null or w.awaited @> array[${given('name')}::text] or m.step is not null)
    order by w.id`,
)

/** @returns those of the waits that the event is for */
export async function matchesOfEvent(happening: Happening, open: readonly OpenWait[]): Promise<Match[]> {
  const { deps, tx, event, bindings } = happening
  const matches: Match[] = []
  const unknown: UnknownOfRun[] = []
  for (const { id, run, step, messageStep, journey, version, payload } of open) {
    await unlessUnreadable(happening, run, async () => {
      const { definition } = await deps.versions.journey(tx, journey, version)
      const awaits = awaitsOf(definition, step)
      const found = await firstMatch(awaits, { ...event, messageStep }, payload, bindings, 'event')
      if (found.index !== null) matches.push({ wait: id, run, branch: found.index })
      else if (found.unknown !== null) unknown.push({ run, reason: found.unknown })
    })
  }
  await noteUnknowns(tx, happening.contact, unknown)
  return matches
}

/** @returns the runs whose wait it settled */
export async function matchWaits(
  { tx, event, contact }: Happening,
  matches: readonly Match[],
): Promise<string[]> {
  const settled = await settleMatched(tx, contact, matches, event)
  const nudge = { why: 'trigger', trigger: event.name, event: event.id } as const
  await putAllInOutbox(
    tx,
    settled.map(({ run, journey }) => ({
      stream: run,
      kind: 'signal',
      body: { workflow: journeyWorkflowId(journey, run), nudge },
    })),
  )
  return settled.map(({ run }) => run)
}
