/** The example files are what they claim to be: each passes its shape and its checks, and renders for people of every kind. */

import { Ajv2020 } from 'ajv/dist/2020.js'
import { describe, expect, it } from 'vitest'
import { checkCondition } from '../../domain/conditions/check.ts'
import { evaluateCondition } from '../../domain/conditions/evaluate.ts'
import { checkJourney } from '../../domain/journey/check.ts'
import { journeyShape } from '../../domain/journey/definition.ts'
import { compilePlan } from '../../domain/journey/plan.ts'
import type { World } from '../../domain/journey/world.ts'
import { checkMessage, checkRendered } from '../../domain/messages/check.ts'
import { linkNames } from '../../domain/messages/links.ts'
import { type MessageContext, renderMessage } from '../../domain/messages/template.ts'
import { emailMessageShape } from '../../domain/shapes/message.ts'
import { keyShape, triggerNameShape } from '../../domain/shapes/primitives.ts'
import { profileShape } from '../../domain/shapes/profile.ts'
import { purposeShape } from '../../domain/shapes/purpose.ts'
import { triggerDefinitionShape } from '../../domain/shapes/trigger.ts'
import { readExamples } from '../../examples/read.ts'

const examples = readExamples()
const profiles = new Map(examples.profiles.map(({ key, body }) => [key, profileShape.parse(body)]))
const purposes = new Map(examples.purposes.map(({ key, body }) => [key, purposeShape.parse(body)]))
const triggers = new Map(examples.triggers.map(({ key, body }) => [key, triggerDefinitionShape.parse(body)]))
const messages = new Map(examples.messages.map(({ key, body }) => [key, emailMessageShape.parse(body)]))
const journeys = new Map(examples.journeys.map(({ key, body }) => [key, journeyShape.parse(body)]))

const built = ['double-opt-in.confirmed']
const world: World = {
  message: (key) => {
    const message = messages.get(key)
    if (message === undefined) return null
    const purpose = purposeOf(message)
    return {
      channel: message.channel,
      profile: message.profile ?? purpose.profile,
      purpose: message.purpose,
      purposeKind: purpose.kind,
      topic: message.topic ?? null,
      enforcement: purpose.enforcement,
      linksPreferences: message.text.includes('links.preferences'),
      linkNames: linkNames(message.html ?? ''),
      tracking: message.tracking !== false,
      pathToConsent: true,
    }
  },
  trigger: (name) => triggers.has(name) || built.includes(name),
  profile: (key) => profiles.has(key),
  condition: (text, scope) => {
    const checked = checkCondition(text, scope)
    return checked.ok ? null : checked.message
  },
}

function purposeOf(message: { purpose: string }) {
  const purpose = purposes.get(message.purpose)
  if (purpose === undefined) throw new Error(`no example is the purpose ${message.purpose}`)
  return purpose
}

describe('an example profile', () => {
  it.each([...profiles])('%s names only what the examples bring', (_, profile) => {
    expect(profile.trackingPurpose === undefined || purposes.get(profile.trackingPurpose)?.kind).toBe(
      'tracking',
    )
    const confirmation = messages.get(profile.doubleOptIn?.message ?? '')
    expect(confirmation && purposeOf(confirmation).kind).toBe('transactional')
    expect(confirmation?.html).toContain('links.confirm')
    expect(confirmation?.text).toContain('links.confirm')
  })
})

describe('an example message', () => {
  it.each([...messages])(
    '%s belongs to a purpose and topic of the examples and passes the check',
    (_, message) => {
      const purpose = purposeOf(message)
      expect(checkMessage(message, { purposeKind: purpose.kind })).toEqual([])
      if (message.topic !== undefined) expect(purpose.topics.map(({ key }) => key)).toContain(message.topic)
    },
  )

  it.each([...messages])('%s offers a way out wherever it is commercial', (_, message) => {
    const commercial = purposeOf(message).kind === 'commercial'
    for (const part of [message.html, message.text])
      expect(part?.includes('links.unsubscribe')).toBe(commercial)
  })

  const full: MessageContext['trigger'] = {
    cart: 'c-1',
    order: 'N-1001',
    value: 53.5,
    total: '€53.50',
    url: 'https://shop.example.com/?cart=1&step=2',
    items: [
      { name: 'Lantern <"Glow">', price: '€39.00' },
      { name: 'Mug', price: '€14.50' },
    ],
    grants: [{ purpose: 'marketing', topic: 'newsletter', name: 'Newsletter', description: 'Monthly.' }],
  }
  const cases = [...messages].flatMap(([key, message]) => [
    { key, message, who: 'somebody of whom all is known', firstName: 'Robin', trigger: full },
    { key, message, who: 'somebody of whom nothing is known', firstName: undefined, trigger: {} },
  ])
  it.each(cases)('$key reads well for $who', ({ message, firstName, trigger }) => {
    const profile = profiles.get('default')
    if (profile === undefined) throw new Error('there is no default profile')
    const preferences = 'https://mail.example.com/preferences/x'
    const rendered = renderMessage(message, {
      contact: { attributes: firstName === undefined ? {} : { firstName } },
      trigger,
      profile: { name: profile.name, postalAddress: profile.postalAddress },
      links: {
        unsubscribe: 'https://mail.example.com/unsubscribe/x',
        preferences,
        confirm: 'https://mail.example.com/confirm/x',
      },
    })
    const footer = {
      purposeKind: purposeOf(message).kind,
      preferencesUrl: preferences,
      postalAddress: profile.postalAddress,
    }
    expect(checkRendered(rendered, footer)).toEqual([])
    for (const part of [rendered.subject, rendered.html, rendered.text])
      expect(part).not.toMatch(/\{[{%]|undefined|null|\[object/)
    expect(rendered.html).not.toContain('<"Glow">')
    if (message.html?.includes('firstName'))
      expect(rendered.html?.includes('Robin')).toBe(firstName === 'Robin')
  })
})

describe('an example trigger', () => {
  it.each([...triggers])('%s has a name and a JSON Schema that can be used', (name, { schema }) => {
    expect(triggerNameShape.safeParse(name).success).toBe(true)
    const takes = new Ajv2020({ strict: true }).compile(schema)
    const payload = {
      cart: 'c-1',
      order: 'N-1001',
      value: 53.5,
      total: '€53.50',
      url: 'https://shop.example.com/',
      items: [{ name: 'Mug', price: '€14.50' }],
    }
    expect(takes(payload)).toBe(true)
    expect(takes({ ...payload, value: '53.50' })).toBe(false)
    expect(takes({})).toBe(false)
  })
})

describe('an example journey', () => {
  it.each([...journeys])(
    '%s can be published: the checker finds nothing, and a plan can be made of it',
    (key, journey) => {
      expect(journey.key).toBe(key)
      expect(checkJourney(journey, world)).toEqual([])
      expect(() => compilePlan(journey)).not.toThrow()
    },
  )

  const holds = (text: string | undefined, event: Record<string, unknown>, trigger = event): boolean => {
    const result = evaluateCondition(text ?? '', {
      contact: {},
      consent: {},
      now: new Date(0),
      trigger,
      event,
    })
    if (!result.ok) throw new Error(result.message)
    return result.value
  }

  it('reminds of a cart from 20 upwards, and ends when that very cart is bought', () => {
    const journey = journeys.get('abandoned-cart')
    expect(holds(journey?.entry?.where, { value: 20 })).toBe(true)
    expect(holds(journey?.entry?.where, { value: 19.99 })).toBe(false)
    const exit = journey?.exit?.[0]?.where
    expect(holds(exit, { cart: 'a' }, { cart: 'a' })).toBe(true)
    expect(holds(exit, { cart: 'b' }, { cart: 'a' })).toBe(false)
  })

  it('welcomes only where the newsletter was among what was confirmed', () => {
    const where = journeys.get('newsletter-welcome')?.entry?.where
    expect(holds(where, { topics: ['promotions', 'newsletter'] })).toBe(true)
    expect(holds(where, { topics: ['promotions'] })).toBe(false)
  })
})

it('every example has a key it can be put under', () => {
  for (const { key } of Object.values(examples).flat()) expect(keyShape.safeParse(key).success).toBe(true)
})
