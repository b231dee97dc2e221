/** The checker's part for steps: their ids, what each says, and whether it can be reached. */
import { awaitsOnlyOpensOrClicks, readAwaited } from './awaits.ts'
import type {
  AwaitedEvent,
  Interaction,
  JourneyDefinition,
  SendStep,
  Step,
  Until,
  WaitForStep,
} from './definition.ts'
import { everyStep, nestedLists } from './definition.ts'
import { checkCondition, checkDuration, checkListener, type Findings, type Place } from './findings.ts'
import { type SendsBefore, sendsBefore } from './paths.ts'
import { isTimeZone, parseTimeOfDay } from './schedule.ts'
import { readUntil } from './until.ts'
import type { MessageFacts, World } from './world.ts'

/** How many steps a journey may have, nested ones counted. */
export const mostSteps = 200
/** How deep lists of steps may be nested; the journey's own list is the first level. */
export const deepestNesting = 10
/** How many events one `waitFor`, or cases one `branch`, may list. */
export const mostWays = 50

const idPattern = /^[A-Za-z][A-Za-z0-9_-]{0,63}$/

/** What the walk carries along. */
type Round = {
  definition: JourneyDefinition
  world: World
  findings: Findings
  /** Steps by id: the first of each. */
  steps: Map<string, Step>
  /** Ids met so far on the walk. */
  seen: Set<string>
  before: SendsBefore
}

/** Adds what is wrong or doubtful with the steps. */
export function checkSteps(definition: JourneyDefinition, world: World, findings: Findings): void {
  if (depthOf(definition.steps) > deepestNesting) {
    findings.error(['steps'], `steps are nested deeper than ${deepestNesting} levels`)
    return
  }
  const steps = new Map<string, Step>()
  let count = 0
  for (const step of everyStep(definition.steps)) {
    count++
    if (!steps.has(step.id)) steps.set(step.id, step)
  }
  if (count === 0) findings.error(['steps'], 'a journey needs at least one step')
  if (count > mostSteps)
    findings.error(['steps'], `a journey has at most ${mostSteps} steps, this one has ${count}`)
  const round: Round = {
    definition,
    world,
    findings,
    steps,
    seen: new Set(),
    before: sendsBefore(definition),
  }
  checkList(definition.steps, ['steps'], true, round)
}

/** Levels of lists; stops counting beyond the limit, so that no nesting, however deep, exhausts the stack. */
function depthOf(steps: readonly Step[], level = 1): number {
  if (level > deepestNesting) return level
  let deepest = level
  for (const step of steps) {
    for (const list of nestedLists(step)) deepest = Math.max(deepest, depthOf(list.steps, level + 1))
  }
  return deepest
}

/** `reached`: whether some way leads to the list; what is wrong below an unreachable step is said once, at that step. */
function checkList(steps: readonly Step[], place: Place, reached: boolean, round: Round): void {
  const firstLost = steps.findIndex((step) => !round.before.has(step))
  steps.forEach((step, i) => {
    const at = [...place, i]
    if (reached && i === firstLost) {
      round.findings.error(at, `step "${step.id}" is never reached: every way before it ends the run`)
    }
    checkStep(step, at, round)
    for (const list of nestedLists(step))
      checkList(list.steps, [...at, ...list.path], reached && canRun(step, list.path, round), round)
  })
}

/** Whether a step's nested list can run at all; where it cannot, `checkStep` has said so. */
function canRun(step: Step, path: Place, round: Round): boolean {
  if (!round.before.has(step)) return false
  return step.type !== 'waitFor' || path[0] !== 'onUntracked' || awaitsOnlyOpensOrClicks(step)
}

function checkStep(step: Step, at: Place, round: Round): void {
  const { findings, world } = round
  if (!idPattern.test(step.id)) {
    findings.error([...at, 'id'], 'not a step id: a letter, then letters, digits, "_" and "-", at most 64')
  } else if (round.seen.has(step.id)) {
    findings.error([...at, 'id'], `another step has the id "${step.id}"`)
  }
  round.seen.add(step.id)

  switch (step.type) {
    case 'send':
      checkSend(step, at, round)
      return
    case 'wait':
      if ((step.for === undefined) === (step.until === undefined))
        findings.error(at, 'a wait says either "for" or "until"')
      if (step.for !== undefined) checkDuration(step.for, [...at, 'for'], findings)
      if (step.until !== undefined) checkUntil(step.until, [...at, 'until'], round)
      return
    case 'waitFor':
      checkWaitFor(step, at, round)
      return
    case 'branch':
      checkCount(step.cases.length, [...at, 'cases'], 'a branch has', findings)
      step.cases.forEach((one, i) => {
        checkCondition(one.when, [...at, 'cases', i, 'when'], 'branch', world, findings)
      })
      return
    case 'exit':
      return
    default:
      step satisfies never
  }
}

function checkSend(step: SendStep, at: Place, { definition, world, findings }: Round): void {
  if (step.expires !== undefined) checkDuration(step.expires, [...at, 'expires'], findings)
  const place = [...at, 'message']
  const facts = world.message(step.message)
  if (!facts) {
    findings.error(place, `there is no message "${step.message}"`)
    return
  }
  if (facts.purposeKind === 'tracking') {
    findings.error(place, `"${facts.purpose}" is a tracking purpose: nothing is sent under it`)
  }
  if (facts.purposeKind === 'commercial' && !facts.linksPreferences) {
    findings.error(place, `message "${step.message}" is commercial and must link the preference centre`)
  }
  for (const wrong of facts.unknownVariables ?? []) {
    findings.warning(place, `message "${step.message}", ${wrong}`, 'unknown-variable')
  }
  const { profile } = definition
  if (profile !== undefined && world.profile(profile) && facts.profile !== profile) {
    findings.warning(
      place,
      `message "${step.message}" belongs to profile "${facts.profile}", the journey to "${profile}"`,
    )
  }
  if (facts.purposeKind === 'commercial' && facts.enforcement === 'restrictive' && !facts.pathToConsent) {
    findings.warning(
      place,
      `nobody can come to opt in to ${named(facts)} on ${facts.channel}: the message will be blocked`,
    )
  }
}

function named({ purpose, topic }: MessageFacts): string {
  return topic === null ? `"${purpose}"` : `"${purpose}", topic "${topic}",`
}

function checkUntil(until: Until, at: Place, { world, findings }: Round): void {
  const read = readUntil(until)
  switch (read.kind) {
    case 'moment':
      return
    case 'expression':
      checkCondition(read.text, at, 'until', world, findings)
      return
    case 'timeOfDay': {
      const { time, days, zone } = read.wanted
      if (!parseTimeOfDay(time))
        findings.error([...at, 'time'], 'not a time of day: expected "HH:MM", as "09:00"')
      if (days && (days.length === 0 || new Set(days).size < days.length)) {
        findings.error([...at, 'days'], 'name each day once, and at least one')
      }
      if (zone !== 'contact' && !isTimeZone(zone)) {
        findings.error([...at, 'zone'], 'neither "contact" nor an IANA time zone, as "Europe/Vienna"')
      }
      return
    }
    default:
      read satisfies never
  }
}

function checkWaitFor(step: WaitForStep, at: Place, round: Round): void {
  checkDuration(step.timeout, [...at, 'timeout'], round.findings)
  checkCount(step.events.length, [...at, 'events'], 'a waitFor awaits', round.findings)
  step.events.forEach((event, i) => {
    checkEvent(event, step, [...at, 'events', i], round)
  })
  if (step.onUntracked?.length && !awaitsOnlyOpensOrClicks(step)) {
    round.findings.error(
      [...at, 'onUntracked'],
      'never runs: other events than opens and clicks are awaited too',
    )
  }
}

function checkEvent(event: AwaitedEvent, waiting: WaitForStep, at: Place, round: Round): void {
  const { findings, world } = round
  const awaited = readAwaited(event)
  if (!awaited) {
    findings.error(
      at,
      'name exactly one of "trigger", "opened", "clicked", "delivered", "bounced", "replied"',
    )
    return
  }
  if (awaited.kind !== 'clicked' && event.link !== undefined)
    findings.error([...at, 'link'], 'only a click has a link')
  if (awaited.kind === 'trigger') {
    checkListener(
      { trigger: awaited.trigger, ...(event.where !== undefined && { where: event.where }) },
      at,
      'wait',
      world,
      findings,
    )
    return
  }
  for (const field of ['where', 'since'] as const) {
    if (event[field] !== undefined) findings.error([...at, field], `"${field}" goes with "trigger" only`)
  }
  checkInteraction(awaited.kind, awaited.step, waiting, [...at, awaited.kind], round)
  if (awaited.kind === 'clicked' && event.link !== undefined) {
    checkLink(event.link, awaited.step, [...at, 'link'], round)
  }
}

/** A click may be awaited by the link's name, by its number (`link-2`), or by its address, which only the rendering knows. */
function checkLink(link: string, id: string, at: Place, { steps, world, findings }: Round): void {
  const target = steps.get(id)
  const facts = target?.type === 'send' ? world.message(target.message) : null
  const names = facts?.linkNames ?? null
  if (names === null || names.includes(link) || /^link-\d+$/.test(link) || /^https?:/i.test(link)) return
  findings.warning(at, `message "${target?.type === 'send' ? target.message : id}" has no link "${link}"`)
}

/** What is awaited of a message must be about a message that can have been sent by then. */
function checkInteraction(
  kind: Interaction,
  id: string,
  waiting: WaitForStep,
  at: Place,
  round: Round,
): void {
  const target = round.steps.get(id)
  if (!target) {
    round.findings.error(at, `there is no step "${id}"`)
    return
  }
  if (target.type !== 'send') {
    round.findings.error(at, `step "${id}" sends nothing: it is of type ${target.type}`)
    return
  }
  const sent = round.before.get(waiting)
  if (sent && !sent.has(id)) {
    round.findings.error(at, `the message of step "${id}" cannot have been sent before this wait`)
    return
  }
  if ((kind === 'opened' || kind === 'clicked') && round.world.message(target.message)?.tracking === false) {
    round.findings.warning(at, `message "${target.message}" says "tracking": false, so this never happens`)
  }
}

function checkCount(count: number, at: Place, what: string, findings: Findings): void {
  if (count === 0) findings.error(at, `${what} at least one`)
  if (count > mostWays) findings.error(at, `${what} at most ${mostWays}, not ${count}`)
}
