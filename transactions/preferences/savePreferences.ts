/**
 * Saves a preference centre: each touched box becomes one event, all in one transaction. Whoever has the link has the address,
 * so an opt-in here takes effect at once and ends the stop that a complaint had put on it. On the person's other contact points
 * only opting out is possible: the link proves nothing for them. Where evidence cannot be encrypted now, what was switched off is saved
 * all the same, and what should be on is not: it waits until an operator has restored the key.
 *
 * Locks: the contact points concerned, in the order of their ids.
 */
import { and, eq, inArray, isNull } from 'drizzle-orm'
import { databaseNow } from '../../db/clock.ts'
import type { Db } from '../../db/connect.ts'
import { readStandings } from '../../db/reads/standings.ts'
import { purposeVersions } from '../../db/schema/definitions.ts'
import { consentEvents, suppressions } from '../../db/schema/ledger.ts'
import { withdrawalAddsNothing } from '../../domain/consent/scope.ts'
import { everything } from '../../domain/consent/types.ts'
import { decodeEvent } from '../../domain/ledger/encode.ts'
import { type Change, type Changes, changesOf, type Submitted } from '../../domain/preferences/changes.ts'
import { Refusal } from '../../domain/refusal.ts'
import type { Notice } from '../../domain/shapes/consent.ts'
import { type Purpose, purposeShape } from '../../domain/shapes/purpose.ts'
import { failpoint } from '../../failpoints.ts'
import type { Deps } from '../deps.ts'
import { appendEvents, type NewEvent, type Recorded } from '../ledger/appendEvents.ts'
import { canSeal } from '../ledger/evidenceKey.ts'
import { type LockedContactPoint, lockContactPoint, lockContactPoints } from '../locks.ts'
import { evidenceOf, type PersonSaid } from '../said.ts'
import { lastWordsOfTopic, type Preferences, readBoxes, readPreferences } from './readPreferences.ts'

/** The words that stood beside a box. */
export type Words = { name: string; description: string; version: number; hasTopics: boolean }

export type SavedForm = {
  seen: number
  /** Point null: the one the link was sent to. */
  boxes: readonly { point: string | null; box: Submitted }[]
}

export type Saved = {
  recorded: Recorded[]
  /** Boxes that were not switched on, since something was said of them after the page was made. */
  overtaken: number
  /** Boxes that should be on and are not, since the evidence of it cannot be encrypted now. */
  unprovable: number
}

/**
 * @param said.noticeFor the page's wording around the words of a box
 * @throws Refusal not-found; malformed for a contact point that is not the person's, or an opt-in on another of theirs
 */
export async function savePreferences(
  deps: Deps,
  handle: string,
  form: SavedForm,
  said: PersonSaid & { noticeFor: (words: Words) => Notice },
): Promise<Saved> {
  const preferences = await readPreferences(deps.db, handle)
  const touched = touchedPoints(preferences, form)
  if (touched.size === 0) return nothingSaved()
  await failpoint('consent:before-lock')
  return deps.db.transaction(async (tx) => {
    const saved = nothingSaved()
    for (const contactPoint of await lockContactPoints(tx, [...touched.keys()])) {
      const boxes = touched.get(contactPoint.id) ?? []
      const { recorded, overtaken, unprovable } = await savePoint(
        tx,
        deps,
        preferences,
        contactPoint,
        boxes,
        form.seen,
        said,
      )
      saved.recorded.push(...recorded)
      saved.overtaken += overtaken
      saved.unprovable += unprovable
    }
    return saved
  })
}

function nothingSaved(): Saved {
  return { recorded: [], overtaken: 0, unprovable: 0 }
}

/** All that came back of each contact point of which at least one box was touched. */
function touchedPoints({ own, others }: Preferences, { boxes }: SavedForm): Map<string, Submitted[]> {
  const came = new Map<string, Submitted[]>()
  const touched = new Set<string>()
  for (const { point: named, box } of boxes) {
    const other = others.find((one) => one.id === named)
    const id = named === null ? own.id : other?.id
    if (box.shown !== box.ticked) {
      if (id === undefined) throw notOurs()
      if (other !== undefined && box.ticked) throw notOurs()
      touched.add(id)
    }
    if (id === undefined) continue
    const boxesOfPoint = came.get(id)
    if (boxesOfPoint === undefined) came.set(id, [box])
    else boxesOfPoint.push(box)
  }
  return new Map([...came].filter(([id]) => touched.has(id)))
}

async function savePoint(
  tx: Db,
  deps: Deps,
  preferences: Preferences,
  contactPoint: LockedContactPoint,
  submitted: readonly Submitted[],
  seen: number,
  said: PersonSaid & { noticeFor: (words: Words) => Notice },
): Promise<Saved> {
  const own = contactPoint.id === preferences.own.id
  const { groups, standings } = await readBoxes(tx, contactPoint, preferences.profile, preferences.mail)
  const keep = own ? 'on' : 'opted-in'
  const changes = changesOf(groups, submitted, { seen, standings, keep })
  const { optOuts, optIns, unprovable } = provable(deps, contactPoint, changes)
  const overtaken = changes.overtaken.length
  const { noticeFor, ...person } = said
  const state = async (change: Change, now: 'opted-in' | 'opted-out'): Promise<NewEvent> => ({
    kind: 'consent',
    purpose: change.box.purpose,
    topic: change.box.topic,
    state: now,
    occurredAt: null,
    source: { kind: 'preference-center' },
    notice: noticeFor(await wordsOf(tx, change)),
    clear: await clearOf(tx, change, now),
    related: relatedTo(preferences),
    sealed: evidenceOf(person, circumstancesOf(change, now, own)),
  })
  // A box that is kept on changes nothing, though the ledger turns it off and on again: it raises no trigger.
  const unannounced = optIns.filter(({ why }) => why === 'kept-on').map(({ box }) => box)
  const states = async (changes: readonly Change[], now: 'opted-in' | 'opted-out'): Promise<NewEvent[]> => {
    const events = []
    for (const change of changes) events.push(await state(change, now))
    return events
  }
  const out = await states(optOuts, 'opted-out')
  const first = out.length === 0 ? null : await appendEvents(tx, deps, contactPoint, out, { unannounced })
  if (optIns.length === 0) return { recorded: first?.events ?? [], overtaken, unprovable }

  // At equal times an opt-out wins: what is switched on beside it must come later to stand.
  if (first !== null) await afterInstant(tx, first.now)
  const into = await states(optIns, 'opted-in')
  const second = await appendEvents(tx, deps, contactPoint, into, { unannounced })
  if (optIns.some(({ box, why }) => why === 'touched' && box.kind === 'commercial'))
    await liftComplaint(tx, contactPoint, second)
  return { recorded: [...(first?.events ?? []), ...second.events], overtaken, unprovable }
}

/** What can be recorded: a withdrawal always, permission only with its evidence. */
function provable(
  deps: Deps,
  contactPoint: LockedContactPoint,
  { optOuts, optIns }: Changes,
): Pick<Changes, 'optOuts' | 'optIns'> & { unprovable: number } {
  if (optIns.length === 0 || canSeal(deps, contactPoint)) return { optOuts, optIns, unprovable: 0 }
  // A topic is kept off only beside its purpose that is switched on, which it is not.
  const withdrawn = optOuts.filter(({ why }) => why !== 'kept-off')
  return { optOuts: withdrawn, optIns: [], unprovable: optIns.length }
}

/** The words as the page showed them, which the purpose may have changed since. */
async function wordsOf(tx: Db, { box, version }: Change): Promise<Words> {
  const [row] = await tx
    .select({ definition: purposeVersions.definition })
    .from(purposeVersions)
    .where(and(eq(purposeVersions.key, box.purpose), eq(purposeVersions.version, version)))
  if (row === undefined) throw notOurs()
  const purpose = purposeShape.parse(row.definition)
  const topic = box.topic === null ? null : await topicOf(tx, purpose, box.purpose, box.topic, version)
  const { name, description } = topic ?? purpose
  return { name, description, version, hasTopics: topic === null && purpose.topics.length > 0 }
}

async function topicOf(tx: Db, definition: Purpose, purpose: string, topic: string, version: number) {
  const found =
    definition.topics.find((one) => one.key === topic) ??
    (await lastWordsOfTopic(tx, { purpose, topic }, version))
  if (found === null) throw notOurs()
  return found
}

/** A consent that is kept on stays what it was: its basis, its end. */
async function clearOf(
  tx: Db,
  { box, why }: Change,
  now: 'opted-in' | 'opted-out',
): Promise<NonNullable<NewEvent['clear']>> {
  if (why !== 'kept-on') {
    const wasOn = now === 'opted-out' && why === 'touched'
    return { lawfulBasis: now === 'opted-in' ? 'consent' : null, defaultState: wasOn ? 'ticked' : 'unticked' }
  }
  const { events, expiresAt, state } = box.standing
  if (state !== 'opted-in') return { lawfulBasis: null, defaultState: 'ticked' }
  const [before] = await tx
    .select({ bytes: consentEvents.bytes })
    .from(consentEvents)
    .where(eq(consentEvents.id, events[0] ?? ''))
  const lawfulBasis = before === undefined ? null : decodeEvent(before.bytes).lawfulBasis
  return { lawfulBasis, expiresAt, defaultState: 'ticked' }
}

function circumstancesOf({ box, why }: Change, now: 'opted-in' | 'opted-out', own: boolean): string {
  if (why === 'kept-off') return 'box left off in the preference centre while its purpose was switched on'
  if (why === 'kept-on') {
    const [event] = box.standing.events
    const before =
      box.standing.state === 'opted-in' && event !== undefined
        ? `the opt-in of event ${event} goes on`
        : 'nobody had opted out of it'
    return `box left ticked in the preference centre while its purpose was switched off: ${before}`
  }
  if (!own)
    return "box unticked in the preference centre of another contact point of the same contact, reached by that one's link"
  const what = now === 'opted-in' ? 'ticked' : 'unticked'
  return `box ${what} in the preference centre, reached by the link of a message to this address`
}

function relatedTo({ mail }: Preferences): NonNullable<NewEvent['related']> {
  return { delivery: mail.deliveryId, message: mail.message, messageVersion: mail.messageVersion }
}

/** Asks the clock until it has moved on; a millisecond at most. */
async function afterInstant(tx: Db, instant: string): Promise<void> {
  let now = instant
  while (now <= instant) now = await databaseNow(tx)
}

/** The person's own word on the address's own link. A bounced address stays bounced. */
async function liftComplaint(
  tx: Db,
  contactPoint: LockedContactPoint,
  { events, now }: { events: Recorded[]; now: string },
): Promise<void> {
  await tx
    .update(suppressions)
    .set({ liftedAt: now, liftedBy: events[0]?.id ?? null })
    .where(
      and(
        eq(suppressions.contactPointId, contactPoint.id),
        isNull(suppressions.liftedAt),
        inArray(suppressions.kind, ['complained']),
      ),
    )
}

/**
 * "Unsubscribe from everything": one opt-out for `*` on the contact point the link was sent to. Where everything is off
 * already, and nothing pending, it adds nothing.
 * @throws Refusal not-found
 */
export async function withdrawEverything(
  deps: Deps,
  handle: string,
  said: PersonSaid & { notice: Notice },
): Promise<Saved> {
  const preferences = await readPreferences(deps.db, handle)
  const { notice, ...person } = said
  await failpoint('consent:before-lock')
  return deps.db.transaction(async (tx) => {
    const contactPoint = await lockContactPoint(tx, preferences.own.id)
    const standings = await readStandings(tx, contactPoint.id)
    if (withdrawalAddsNothing(standings, everything, null)) return nothingSaved()
    const appended = await appendEvents(tx, deps, contactPoint, [
      {
        kind: 'consent',
        purpose: everything,
        topic: null,
        state: 'opted-out',
        occurredAt: null,
        source: { kind: 'preference-center' },
        notice,
        related: relatedTo(preferences),
        sealed: evidenceOf(
          person,
          'button for everything in the preference centre, reached by the link of a message to this address',
        ),
      },
    ])
    return { ...nothingSaved(), recorded: appended.events }
  })
}

/** An address, version or topic that our form never names. */
function notOurs(): Refusal {
  return new Refusal(
    'form-not-ours',
    'The form does not match the page. Open the page again and use its form.',
  )
}
