import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type ConditionScope, checkCondition } from '../../../domain/conditions/check.ts'
import {
  type ConditionBindings,
  evaluateCondition,
  evaluateMoment,
} from '../../../domain/conditions/evaluate.ts'

const scopes: ConditionScope[] = ['entry', 'exit', 'wait', 'branch', 'until']

const bindings: ConditionBindings = {
  contact: {
    externalId: 'c-1',
    kind: 'contact',
    locale: null,
    timeZone: 'Europe/Vienna',
    email: 'shopper@example.com',
    addresses: { email: 'shopper@example.com' },
    postalAddress: null,
    attributes: {
      plan: 'gold',
      orders: 3,
      tags: ['vip', 'eu'],
      nested: { deep: { value: 1.5 } },
      vip: true,
      nothing: null,
    },
  },
  trigger: {
    value: 25,
    count: 3,
    price: 20.5,
    zero: 0,
    cart: 'cart-7',
    at: '2026-12-24T18:00:00+01:00',
    unix: 1_767_225_600,
  },
  event: {
    cart: 'cart-7',
    message: 'newsletter',
    items: [
      { sku: 'a', price: 10 },
      { sku: 'b', price: 2.5 },
    ],
  },
  consent: {
    email: { marketing: { state: 'opted-in', pending: false, topics: { events: { state: 'opted-in' } } } },
  },
  now: new Date('2026-11-23T12:00:00Z'),
}

describe('a condition holds', () => {
  it.each([
    'trigger.value >= 20.0',
    'trigger.value >= 20',
    'trigger.count == 3',
    '3 == trigger.count',
    'trigger.count == 3.0',
    'trigger.count >= 3 && trigger.count <= 3.5',
    'trigger.count != 4',
    'trigger.count + 1 == 4',
    '2 * trigger.count - 1 > 4.5',
    'trigger.count % 2 == 1',
    'trigger.value / 2 == 12.5',
    '-trigger.count < 0',
    'trigger.count in [1, 2, 3]',
    'trigger.count == size(contact.attributes.tags) + 1',
    'contact.attributes.tags[trigger.count - 2] == "eu"',
    'event.items.exists(item, item.price > 9)',
    'event.items.map(item, item.price * 2).exists(price, price == 5)',
    '3 == 3.0',
    'event.cart == trigger.cart',
    'event.message == "newsletter"',
    'consent.email["marketing"].state == "opted-in"',
    'consent.email["marketing"].topics["events"].state == "opted-in"',
    '!has(consent.sms)',
    'contact.attributes.plan == "gold"',
    'contact.attributes.plan.startsWith("go") && contact.attributes.plan.contains("old")',
    'contact.attributes.plan.endsWith("d") && contact.attributes.plan.size() == 4',
    'contact.attributes.vip',
    'contact.attributes.nothing == null',
    'contact.attributes.nested.deep.value > 1',
    'has(contact.attributes.plan) && !has(contact.attributes.missing)',
    '"vip" in contact.attributes.tags',
    'contact.email.matches("@example\\\\.com$")',
    'contact.locale == null || contact.locale == "de"',
    'contact.kind == "contact" && contact.timeZone == "Europe/Vienna"',
    'timestamp(trigger.at) > now',
    'timestamp(trigger.unix) < now',
    'now + duration("24h") > now',
    'timestamp(trigger.at) - now > duration("720h")',
    // An error on one side does not matter where the other side decides, as CEL has it.
    'trigger.missing == 1 || trigger.count == 3',
  ])('%s', (text) => {
    expect(checkCondition(text, 'wait')).toEqual({ ok: true })
    expect(evaluateCondition(text, bindings)).toEqual({ ok: true, value: true })
  })
})

describe('a condition does not hold', () => {
  it('where it says what is not so', () => {
    expect(evaluateCondition('trigger.count > 3', bindings)).toEqual({ ok: true, value: false })
    expect(evaluateCondition('event.cart != trigger.cart', bindings)).toEqual({ ok: true, value: false })
  })

  it.each([
    ['trigger.missing == 1', /^"missing" \(at character 9\) is missing$/],
    ['contact.attributes.missing.deep == 1', /"missing" .* is missing/],
    ['consent.sms["marketing"].state == "opted-in"', /"sms" .* is missing/],
    ['trigger.toString == "x"', /is missing/],
    ['trigger.cart > 3', /does not fit the type/],
    ['trigger.cart && true', /does not fit the type/],
    ['contact.attributes.tags[7] == "x"', /beyond the end/],
    ['timestamp(trigger.cart) < now', /is no timestamp/],
    ['now + duration(trigger.cart) > now', /is no duration/],
    ['int(trigger.cart) == 1', /cannot be evaluated/],
    ['now.getHours(trigger.cart) == 1', /cannot be evaluated/],
    ['1 / int(trigger.zero) == 1', /divides by zero/],
    ['trigger.cart', /neither true nor false/],
    ['trigger.', /./],
  ])('but is reported where it cannot be evaluated: %s', (text, message) => {
    expect(evaluateCondition(text, bindings)).toEqual({ ok: false, message: expect.stringMatching(message) })
  })

  it('where it speaks of an event and there was none', () => {
    expect(evaluateCondition('event.cart == "cart-7"', { ...bindings, event: null })).toMatchObject({
      ok: false,
    })
  })
})

describe('the message of a condition that fails', () => {
  it('never repeats a value of the data', () => {
    const secret = 'zebra.secret'
    const operations = [
      'int(trigger.x) == 1',
      'double(trigger.x) == 1.0',
      'bool(trigger.x)',
      'timestamp(trigger.x) < now',
      'duration(trigger.x) > duration("1h")',
      'trigger[trigger.x] == 1',
      'contact.attributes[trigger.x] == 1',
      'consent[trigger.x].marketing.state == ""',
      'now.getHours(trigger.x) == 1',
      'trigger.x > 1',
      '-trigger.x < 1',
      'trigger.x && true',
      'trigger.x ? true : false',
      'trigger.x.all(a, a > 1)',
      'trigger.x.foo == 1',
      'trigger.x.substring(99) == ""',
      'size(trigger) > trigger.x',
      'trigger.x',
    ]
    fc.assert(
      fc.property(
        fc.constantFrom(...operations),
        fc.constantFrom(secret, [secret], { [secret]: secret }),
        (text, value) => {
          const trigger = { x: value }
          const result = evaluateCondition(text, { ...bindings, trigger })
          expect(JSON.stringify(result)).not.toContain('zebra')
          expect(result.ok && result.value).toBe(false)
          expect(JSON.stringify(evaluateMoment(text, { ...bindings, trigger }))).not.toContain('zebra')
        },
      ),
    )
  })

  it('is never thrown, whatever the text', () => {
    const words = fc.constantFrom(
      'contact',
      'trigger',
      '.',
      '[',
      ']',
      '(',
      ')',
      '"a"',
      '1',
      '1.5',
      '&&',
      '!',
      '==',
      'matches',
      'has',
      '?',
      ':',
      ' ',
      'x',
    )
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.array(words).map((all) => all.join('')),
        ),
        fc.constantFrom(...scopes),
        (text, scope) => {
          expect(typeof checkCondition(text, scope).ok).toBe('boolean')
          expect(typeof evaluateCondition(text, bindings).ok).toBe('boolean')
          expect(typeof evaluateMoment(text, bindings).ok).toBe('boolean')
        },
      ),
      { numRuns: 500 },
    )
  })
})

describe('checking a condition', () => {
  it.each<[string, ConditionScope, RegExp, number?]>([
    ['trigger.value >=', 'entry', /Unexpected/, 16],
    ['"a" + 1 == 2', 'entry', /no such overload: string \+ int/, 0],
    ['true && customer.vip', 'entry', /Unknown variable: customer/, 8],
    ['contact.atributes.plan == "gold"', 'branch', /No such key: atributes/, 8],
    ['now > "2026"', 'branch', /timestamp > string/, 0],
    ['foo(1)', 'branch', /foo/, 0],
    ['"a"', 'entry', /gives string/],
    ['trigger', 'entry', /true or false \(bool\), gives map/],
    ['now', 'entry', /gives timestamp/],
    ['event.x == 1', 'branch', /only "trigger"/, 0],
    ['event.at', 'until', /only "trigger"/, 0],
    ['true', 'until', /gives bool/],
    ['"2026-01-01T00:00:00Z"', 'until', /write timestamp/],
    ['duration("1h")', 'until', /gives duration/],
    ['', 'entry', /./, 0],
    [`${'true && '.repeat(300)}true`, 'entry', /at most 2000 characters/],
    [`${'('.repeat(100)}true${')'.repeat(100)}`, 'entry', /./, 40],
    ['contact.email.matches("(a{500}){3}")', 'branch', /repeat/, 22],
    ['contact.email.matches("a{500}b{501}")', 'branch', /1000 are allowed/, 22],
    [`contact.email.matches("${'a'.repeat(1_001)}")`, 'branch', /at most 1000 characters/, 22],
    ['contact.email.matches("(?<!a)b")', 'branch', /looking ahead or behind/, 22],
    ['contact.email.matches("(")', 'branch', /not a regular expression/, 22],
    ['contact.email.matches("(a)\\\\1")', 'branch', /references/, 22],
    ['contact.email.matches("(?=a)b")', 'branch', /looking ahead/, 22],
    ['contact.email.matches(trigger.pattern)', 'branch', /in quotes/, 22],
    ['trigger.all.exists(a, a.matches(trigger.pattern))', 'branch', /in quotes/, 32],
  ])('refuses %s in scope %s', (text, scope, message, position?) => {
    const result = checkCondition(text, scope)
    expect(result).toMatchObject({ ok: false, message: expect.stringMatching(message) })
    if (position !== undefined) expect(result).toHaveProperty('position', position)
    if (!result.ok) expect(result.message).not.toMatch(/google|WithinBounds/)
  })

  it.each<[string, ConditionScope]>([
    ['event.x == 1', 'entry'],
    ['event.x == 1', 'exit'],
    ['event.x == 1', 'wait'],
    ['trigger.flag', 'branch'],
    ['now + duration("48h")', 'until'],
    ['timestamp(trigger.at) - duration("24h")', 'until'],
    ['trigger.at', 'until'],
    ['contact.email.matches("^(?:a|b)[(|)*+]{1,3}x+@.*\\\\.(com|org)$")', 'branch'],
    ['contact.email.matches("(a+)+$")', 'branch'],
    ['contact.email.matches("(?i)(?P<name>a|a)*b")', 'branch'],
  ])('accepts %s in scope %s', (text, scope) => {
    expect(checkCondition(text, scope)).toEqual({ ok: true })
  })

  it('bounds what matches() looks at', () => {
    const email = `${'a'.repeat(4_000)}@example.com`
    const result = evaluateCondition('contact.email.matches("^a+")', { ...bindings, contact: { email } })
    expect(result).toEqual({ ok: false, message: expect.stringMatching(/too long a text/) })
  })
})

describe('a moment', () => {
  it.each([
    ['now + duration("24h")', '2026-11-24T12:00:00.000Z'],
    ['timestamp(trigger.at) - duration("1h")', '2026-12-24T16:00:00.000Z'],
    ['trigger.at', '2026-12-24T17:00:00.000Z'],
    ['timestamp(trigger.unix)', '2026-01-01T00:00:00.000Z'],
  ])('is given by %s', (text, expected) => {
    const result = evaluateMoment(text, bindings)
    expect(result.ok && new Date(result.value).toISOString()).toBe(expected)
  })

  it.each(['trigger.cart', 'trigger.count', 'trigger.missing', 'true', 'timestamp(trigger.cart)'])(
    'is not given by %s',
    (text) => {
      expect(evaluateMoment(text, bindings)).toMatchObject({ ok: false })
    },
  )
})
