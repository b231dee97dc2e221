import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { checkCondition } from '../../../domain/conditions/check.ts'
import type { MessageFacts, World } from '../../../domain/journey/check.ts'
import { checkJourney } from '../../../domain/journey/check.ts'
import { everyStep, type JourneyDefinition } from '../../../domain/journey/definition.ts'
import { sendsBefore } from '../../../domain/journey/paths.ts'
import { compilePlan } from '../../../domain/journey/plan.ts'
import type { Step } from '../../../domain/journey/steps/index.ts'
import type { SendStep } from '../../../domain/journey/steps/send.ts'
import type { WaitForStep } from '../../../domain/journey/steps/waitFor.ts'
import { isRefusalCode } from '../../../domain/refusals/catalogue.ts'
import { warnings } from '../../../domain/refusals/warnings.ts'
import { anyJourney } from './journeys.ts'

const newsletter: MessageFacts = {
  channel: 'email',
  profile: 'default',
  purpose: 'marketing',
  purposeKind: 'commercial',
  topic: 'newsletter',
  enforcement: 'restrictive',
  linksPreferences: true,
  linkNames: ['shop'],
  tracking: true,
  pathToConsent: true,
}
const messages: Record<string, MessageFacts> = {
  welcome: newsletter,
  reminder: newsletter,
  untracked: { ...newsletter, tracking: false },
  'making-up': { ...newsletter, linkNames: null },
  'without-footer': { ...newsletter, linksPreferences: false },
  'of-another-brand': { ...newsletter, profile: 'other' },
  hopeless: { ...newsletter, pathToConsent: false },
  tracker: { ...newsletter, purposeKind: 'tracking', purpose: 'tracking' },
}
const world: World = {
  message: (key) => messages[key] ?? null,
  trigger: (name) => ['cart.abandoned', 'order.placed'].includes(name),
  profile: (key) => key === 'default',
  condition: (text, scope) => {
    const result = checkCondition(text, scope)
    return result.ok ? null : result.message
  },
}

const send = (id: string, message = 'welcome'): SendStep => ({ id, type: 'send', message })
const waitFor = (id: string, ...events: WaitForStep['events']): WaitForStep => ({
  id,
  type: 'waitFor',
  timeout: '3 days',
  events,
})
const exit = (id: string): Step => ({ id, type: 'exit' })

const sound: JourneyDefinition = {
  key: 'abandoned-cart',
  name: 'Abandoned cart',
  profile: 'default',
  entry: { trigger: 'cart.abandoned', where: 'trigger.value >= 20.0 && event.value >= 20' },
  reentry: { after: '7 days' },
  exit: [{ trigger: 'order.placed', where: 'event.cart == trigger.cart' }],
  steps: [
    { id: 'pause', type: 'wait', for: '1 hour' },
    send('remind', 'reminder'),
    { id: 'mark', type: 'set', attributes: { reminded: true } },
    {
      ...waitFor('opened', { opened: 'remind', steps: [] }),
      onTimeout: [send('again', 'reminder')],
      onUntracked: [],
    },
    { id: 'morning', type: 'wait', until: { time: '09:00', days: ['mon'], zone: 'contact' } },
  ],
}

const isWarningCode = (code: string): boolean => Object.hasOwn(warnings, code)

type Change = Partial<JourneyDefinition>
const steps = (...list: Step[]): Change => ({ steps: list })

/** Levels of branches, one within the other. */
function nested(levels: number): Step[] {
  return levels === 1
    ? [exit('deep')]
    : [{ id: `b${levels}`, type: 'branch', cases: [{ when: 'true', steps: nested(levels - 1) }] }]
}

describe('the checker', () => {
  it('finds nothing wrong with the example of the language', () => {
    expect(checkJourney(sound, world)).toEqual([])
  })

  it('checks a goal, keeps it and says that it is not counted yet', () => {
    const goal = (trigger: string, within: string) =>
      checkJourney({ ...sound, goal: { trigger, within } }, world).map(({ severity, pointer }) => [
        severity,
        pointer,
      ])
    const warning = ['warning', '/goal']
    expect(goal('order.placed', '14 days')).toEqual([warning])
    expect(goal('no.such', '14 days')).toEqual([['error', '/goal/trigger'], warning])
    expect(goal('order.placed', 'a while')).toEqual([['error', '/goal/within'], warning])
  })

  it('warns of a moment that some contacts may lack, where a message below could then leave too early', () => {
    const due = (more: object, ...below: Step[]) =>
      checkJourney(
        { ...sound, ...steps({ id: 'due', type: 'wait', until: 'trigger.due', ...more }, ...below) },
        world,
      ).map(({ severity, pointer, code }) => [severity, pointer, code])
    expect(due({}, send('late'))).toEqual([['warning', '/steps/0/until', 'unknown-moment']])
    expect(due({ onUnknown: 'exit' }, send('late'))).toEqual([])
    expect(due({ onUnknown: 'continue' }, send('late'))).toEqual([])
    expect(due({}, exit('over'))).toEqual([])
    expect(due({ until: '2030-01-01T00:00:00Z' }, send('late'))).toEqual([])
    expect(due({ until: { time: '09:00', zone: 'contact' } }, send('late'))).toEqual([])
  })

  it('refuses onUnknown where the wait names no moment', () => {
    const wait = { id: 'w', type: 'wait', for: '1 day', onUnknown: 'exit' } as const
    const found = checkJourney({ ...sound, ...steps(wait) }, world)
    expect(found.map(({ severity, pointer }) => [severity, pointer])).toEqual([
      ['error', '/steps/0/onUnknown'],
    ])
  })

  it.each<[string, Change, string, RegExp]>([
    ['a key that is none', { key: 'No Key' }, '/key', /Must be a key/],
    ['an unknown profile', { profile: 'gone' }, '/profile', /no profile "gone"/],
    ['an unknown entry trigger', { entry: { trigger: 'no.such' } }, '/entry/trigger', /no trigger "no.such"/],
    [
      'an entry condition that does not parse',
      { entry: { trigger: 'cart.abandoned', where: 'trigger.' } },
      '/entry/where',
      /./,
    ],
    [
      'a re-entry that is no duration',
      { reentry: { after: '1 month' } },
      '/reentry/after',
      /no fixed length/,
    ],
    ['an unknown exit trigger', { exit: [{ trigger: 'no.such' }] }, '/exit/0/trigger', /no trigger/],
    [
      'an exit condition that gives no bool',
      { exit: [{ trigger: 'order.placed', where: '1 + 1' }] },
      '/exit/0/where',
      /gives int/,
    ],
    ['a journey without steps', steps(), '/steps', /at least one step/],
    [
      'too many steps',
      steps(...Array.from({ length: 201 }, (_, i) => send(`s${i}`))),
      '/steps',
      /may have 200 steps. This one has 201/,
    ],
    ['steps nested too deep', steps(...nested(11)), '/steps', /deeper than 10/],
    ['steps nested beyond any stack', steps(...nested(5000)), '/steps', /deeper than 10/],
    ['a bad step id', steps(send('1st')), '/steps/0/id', /Must be a step id/],
    ['a step id like a hidden property', steps(send('__proto__')), '/steps/0/id', /Must be a step id/],
    [
      'a duplicate step id, in another list too',
      steps(send('a'), {
        id: 'b',
        type: 'branch',
        cases: [{ when: 'true', steps: [] }],
        otherwise: [exit('a')],
      }),
      '/steps/1/otherwise/0/id',
      /Another step has the id "a"/,
    ],
    ['an unknown message', steps(send('a', 'gone')), '/steps/0/message', /no message "gone"/],
    [
      'a commercial message without footer link',
      steps(send('a', 'without-footer')),
      '/steps/0/message',
      /preference centre/,
    ],
    ['a message of a tracking purpose', steps(send('a', 'tracker')), '/steps/0/message', /tracking purpose/],
    [
      'an expiry that is no duration',
      steps({ ...send('a'), expires: 'soon' }),
      '/steps/0/expires',
      /Must be a duration/,
    ],
    [
      'a wait for no duration',
      steps({ id: 'w', type: 'wait', for: '3' }),
      '/steps/0/for',
      /Must be a duration/,
    ],
    ['a wait that says nothing', steps({ id: 'w', type: 'wait' }), '/steps/0', /either "for" or "until"/],
    [
      'a wait that says both',
      steps({ id: 'w', type: 'wait', for: '1 day', until: 'now' }),
      '/steps/0',
      /either/,
    ],
    [
      'a moment that gives no timestamp',
      steps({ id: 'w', type: 'wait', until: '"2026"' }),
      '/steps/0/until',
      /gives string/,
    ],
    [
      'a moment that speaks of an event',
      steps({ id: 'w', type: 'wait', until: 'event.at' }),
      '/steps/0/until',
      /none here/,
    ],
    [
      'a date that is none',
      steps({ id: 'w', type: 'wait', until: '2026-02-30T00:00:00Z' }),
      '/steps/0/until',
      /./,
    ],
    [
      'a time of day that is none',
      steps({ id: 'w', type: 'wait', until: { time: '24:00', zone: 'contact' } }),
      '/steps/0/until/time',
      /HH:MM/,
    ],
    [
      'a day named twice',
      steps({ id: 'w', type: 'wait', until: { time: '09:00', days: ['mon', 'mon'], zone: 'contact' } }),
      '/steps/0/until/days',
      /once/,
    ],
    [
      'no days',
      steps({ id: 'w', type: 'wait', until: { time: '09:00', days: [], zone: 'contact' } }),
      '/steps/0/until/days',
      /at least one/,
    ],
    [
      'an unknown time zone',
      steps({ id: 'w', type: 'wait', until: { time: '09:00', zone: 'Mars/Base' } }),
      '/steps/0/until/zone',
      /IANA/,
    ],
    [
      'a timeout that is no duration',
      steps({ ...waitFor('w', { trigger: 'order.placed', steps: [] }), timeout: '1 year' }),
      '/steps/0/timeout',
      /no fixed length/,
    ],
    ['a waitFor without events', steps(waitFor('w')), '/steps/0/events', /at least one/],
    ['an event of no kind', steps(waitFor('w', { steps: [] })), '/steps/0/events/0', /exactly one/],
    [
      'an event of two kinds',
      steps(send('a'), waitFor('w', { opened: 'a', trigger: 'order.placed', steps: [] })),
      '/steps/1/events/0',
      /exactly one/,
    ],
    [
      'an unknown awaited trigger',
      steps(waitFor('w', { trigger: 'no.such', steps: [] })),
      '/steps/0/events/0/trigger',
      /no trigger/,
    ],
    [
      'an awaited condition with a type error',
      steps(waitFor('w', { trigger: 'order.placed', where: '"a" + 1 == 2', steps: [] })),
      '/steps/0/events/0/where',
      /no such overload/,
    ],
    [
      'a condition on an interaction',
      steps(send('a'), waitFor('w', { opened: 'a', where: 'true', steps: [] })),
      '/steps/1/events/0/where',
      /with "trigger" only/,
    ],
    [
      'a link of something that is no click',
      steps(send('a'), waitFor('w', { opened: 'a', link: 'shop', steps: [] })),
      '/steps/1/events/0/link',
      /goes with "clicked" only/,
    ],
    [
      'an interaction with no step',
      steps(waitFor('w', { opened: 'gone', steps: [] })),
      '/steps/0/events/0/opened',
      /no step "gone"/,
    ],
    [
      'an interaction with a step that sends nothing',
      steps({ id: 'p', type: 'wait', for: '1 day' }, waitFor('w', { clicked: 'p', steps: [] })),
      '/steps/1/events/0/clicked',
      /sends nothing: its type is wait/,
    ],
    [
      'an interaction with a message sent only afterwards',
      steps(waitFor('w', { delivered: 'a', steps: [] }), send('a')),
      '/steps/0/events/0/delivered',
      /cannot have been sent before/,
    ],
    [
      'an interaction with a message of a sibling branch',
      steps({
        id: 'b',
        type: 'branch',
        cases: [{ when: 'true', steps: [send('a')] }],
        otherwise: [waitFor('w', { replied: 'a', steps: [] })],
      }),
      '/steps/0/otherwise/0/events/0/replied',
      /cannot have been sent before/,
    ],
    [
      'an interaction with a message after which the run has ended',
      steps(
        { id: 'b', type: 'branch', cases: [{ when: 'true', steps: [send('a'), exit('x')] }] },
        waitFor('w', { bounced: 'a', steps: [] }),
      ),
      '/steps/1/events/0/bounced',
      /cannot have been sent before/,
    ],
    [
      'a way for untracked silence where other things are awaited too',
      steps(send('a'), {
        ...waitFor('w', { opened: 'a', steps: [] }, { trigger: 'order.placed', steps: [] }),
        onUntracked: [send('c')],
      }),
      '/steps/1/onUntracked',
      /never run:/,
    ],
    [
      'a branch without cases',
      steps({ id: 'b', type: 'branch', cases: [] }),
      '/steps/0/cases',
      /at least one/,
    ],
    [
      'a case that speaks of an event',
      steps({ id: 'b', type: 'branch', cases: [{ when: 'event.x == 1', steps: [] }] }),
      '/steps/0/cases/0/when',
      /there is none here/,
    ],
    ['a step after an exit', steps(exit('x'), send('a'), send('b')), '/steps/1', /"a" is never reached/],
    [
      'a step after a branch all of whose ways exit',
      steps(
        { id: 'b', type: 'branch', cases: [{ when: 'true', steps: [exit('x')] }], otherwise: [exit('y')] },
        send('a'),
      ),
      '/steps/1',
      /never reached/,
    ],
    [
      'a step after a waitFor all of whose ways exit',
      steps(
        { ...waitFor('w', { trigger: 'order.placed', steps: [exit('x')] }), onTimeout: [exit('y')] },
        send('a'),
      ),
      '/steps/1',
      /never reached/,
    ],
  ])('refuses %s', (_, change, pointer, message) => {
    expect(checkJourney({ ...sound, ...change }, world)).toEqual([
      {
        severity: 'error',
        pointer,
        code: expect.toSatisfy(isRefusalCode),
        message: expect.stringMatching(message),
      },
    ])
  })

  it.each<[string, Change, string, RegExp]>([
    [
      'a message of another profile',
      steps(send('a', 'of-another-brand')),
      '/steps/0/message',
      /profile "other"/,
    ],
    ['a purpose nobody can opt in to', steps(send('a', 'hopeless')), '/steps/0/message', /Nobody can opt in/],
    [
      'waiting for the opening of a message that is not tracked',
      steps(send('a', 'untracked'), waitFor('w', { opened: 'a', steps: [] })),
      '/steps/1/events/0/opened',
      /never happens/,
    ],
    [
      'waiting for a click on a link the message does not name',
      steps(send('a'), waitFor('w', { clicked: 'a', link: 'shpo', steps: [] })),
      '/steps/1/events/0/link',
      /"welcome" has no link "shpo"/,
    ],
  ])('warns of %s', (_, change, pointer, message) => {
    expect(checkJourney({ ...sound, ...change }, world)).toEqual([
      {
        severity: 'warning',
        pointer,
        code: expect.toSatisfy(isWarningCode),
        message: expect.stringMatching(message),
      },
    ])
  })

  it.each(['shop', 'link-2', 'https://www.example.com/sale'])('takes a click on %s', (link) => {
    const change = steps(send('a'), waitFor('w', { clicked: 'a', link, steps: [] }))
    expect(checkJourney({ ...sound, ...change }, world)).toEqual([])
  })

  it('takes a click on any link of a message that makes up their names', () => {
    const change = steps(send('a', 'making-up'), waitFor('w', { clicked: 'a', link: 'any', steps: [] }))
    expect(checkJourney({ ...sound, ...change }, world)).toEqual([])
  })

  it('accepts what may have happened on some way: a message of one branch, silence that has a way of its own', () => {
    const may = steps(
      { id: 'b', type: 'branch', cases: [{ when: 'true', steps: [send('a')] }], otherwise: [exit('x')] },
      { ...waitFor('w', { opened: 'a', steps: [exit('y')] }), onTimeout: [exit('z')] },
      // Reached where the message was not tracked.
      send('c'),
    )
    expect(checkJourney({ ...sound, ...may }, world)).toEqual([])
  })

  it('reports everything that is wrong at once, in the order of the definition', () => {
    const wrong = steps(send('a', 'gone'), exit('a'), { id: 'w', type: 'wait', for: 'soon' })
    expect(
      checkJourney({ ...sound, ...wrong, exit: [{ trigger: 'no.such' }] }, world).map(
        ({ pointer }) => pointer,
      ),
    ).toEqual(['/exit/0/trigger', '/steps/0/message', '/steps/1/id', '/steps/2', '/steps/2/for'])
  })

  it('calls a step unreachable exactly where no way leads to it, and takes no journey that cannot be compiled', () => {
    fc.assert(
      fc.property(anyJourney, (definition) => {
        const errors = checkJourney(definition, world).filter(({ severity }) => severity === 'error')
        const lost = [...everyStep(definition.steps)].length > sendsBefore(definition).size
        expect(errors.some(({ message }) => /never/.test(message))).toBe(lost)
        if (errors.length === 0) compilePlan(definition)
      }),
      { numRuns: 300 },
    )
  })
})
