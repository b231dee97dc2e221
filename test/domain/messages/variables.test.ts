import { describe, expect, it } from 'vitest'
import {
  confirmationSource,
  type TriggerSource,
  variablesRead,
  variableWarnings,
} from '../../../domain/messages/variables.ts'

const booked: TriggerSource = {
  name: 'workshop.booked',
  schema: {
    type: 'object',
    properties: {
      workshop: { type: 'string' },
      seats: { type: 'array', items: { $ref: '#/$defs/seat' } },
      venue: {
        anyOf: [{ properties: { city: { type: 'string' } } }, { properties: { link: { type: 'string' } } }],
      },
      extra: { type: 'object', additionalProperties: true, properties: { note: {} } },
      free: {},
    },
    $defs: { seat: { type: 'object', properties: { row: { type: 'integer' } } } },
  },
}

function warnings(text: string, sources = [booked]) {
  return variableWarnings(variablesRead({ subject: 'Hello', text }), sources).map(({ message }) => message)
}

describe('a variable that leads nowhere', () => {
  it('is named with its line, its part and the nearest name there is', () => {
    const templates = { subject: 'Hi {{ contact.emial }}', text: 'One\n{{ trigger.wrkshop }}' }
    expect(variableWarnings(variablesRead(templates), [booked])).toEqual([
      {
        severity: 'warning',
        pointer: '/subject',
        code: 'unknown-variable',
        message:
          'Line 1: {{ contact.emial }} renders empty: a contact has no "emial". Did you mean contact.email?',
      },
      {
        severity: 'warning',
        pointer: '/text',
        code: 'unknown-variable',
        message:
          'Line 2: {{ trigger.wrkshop }} renders empty: workshop.booked has no "wrkshop". Did you mean trigger.workshop?',
      },
    ])
  })

  it.each([
    ['{{ contact.firstName }}', 'contact.attributes.firstName'],
    ['{{ profile.sender.mail }}', 'Did you mean profile.sender.email?'],
    ['{{ profile.adress }}', 'the profile has no "adress"'],
    ['{{ contct.email }}', 'Did you mean contact?'],
    ['{{ order }}', 'Templates read contact, trigger, profile, links.'],
    ['{{ trigger.seats[0].rwo }}', 'Did you mean trigger.seats[0].row?'],
    ['{{ trigger.seats.first.rwo }}', 'Did you mean trigger.seats.first.row?'],
    ['{{ trigger.venue.street }}', 'There is link, city.'],
    ['{% if trigger.wrkshop == "a" %}A{% endif %}', 'Did you mean trigger.workshop?'],
    ['{{ "a" | append: trigger.wrkshop }}', 'Did you mean trigger.workshop?'],
  ])('in %s: %s', (text, hint) => {
    expect(warnings(text)).toEqual([expect.stringContaining(hint)])
  })

  it('is named once for each trigger that lacks it', () => {
    const other = { name: 'workshop.moved', schema: { properties: { workshp: {} } } }
    expect(warnings('{{ trigger.workshop }} {{ trigger.workshop }}', [booked, other])).toHaveLength(1)
  })
})

it.each([
  '{{ contact.attributes.anything.at.all }} {{ contact.addresses.push }} {{ contact.postalAddress.city }}',
  '{{ profile.name }} {{ profile.sender.email }}',
  '{{ trigger.workshop }} {{ trigger["workshop"] }} {{ trigger[contact.kind] }} {{ trigger.workshop.size }}',
  '{{ trigger.venue.city }} {{ trigger.venue.link }} {{ trigger.extra.other }} {{ trigger.free.whatever }}',
  '{% for seat in trigger.seats %}{{ seat.row }} {{ forloop.index }}{% endfor %} {{ trigger.seats.size }}',
  '{% assign x = trigger.workshop %}{{ x }} {% capture y %}a{% endcapture %}{{ y }}',
  '{{ links.preferences }} {% if trigger.workshop == blank %}a{% endif %}',
])('nothing is said of %s', (text) => {
  expect(warnings(text)).toEqual([])
})

it('trigger variables are not checked if no trigger is known', () => {
  expect(warnings('{{ trigger.whatever }}', [])).toEqual([])
  for (const schema of [{}, true, { $ref: 'https://example.com/other.json' }, { type: 'object' }])
    expect(
      variableWarnings(variablesRead({ text: '{{ trigger.whatever }}' }), [{ name: 'any', schema }]),
    ).toEqual([])
})

it('the confirmation of a double opt-in reads what was asked for', () => {
  const text = '{% for grant in trigger.grants %}{{ grant.name }}{% endfor %} {{ trigger.grants[0].nmae }}'
  expect(warnings(text, [confirmationSource])).toEqual([
    expect.stringContaining('Did you mean trigger.grants[0].name?'),
  ])
})

it('a schema that goes round in a circle ends', () => {
  const schema = {
    $defs: { a: { anyOf: [{ $ref: '#/$defs/a' }, { $ref: '#' }] } },
    $ref: '#/$defs/a',
    properties: { b: {} },
  }
  expect(warnings('{{ trigger.c }}', [{ name: 'round', schema }])).toHaveLength(1)
})
