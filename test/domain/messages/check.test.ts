import { describe, expect, test } from 'vitest'
import { checkMessage, checkRendered } from '../../../domain/messages/check.ts'
import type { MessageTemplates } from '../../../domain/messages/template.ts'

const good: MessageTemplates = {
  subject: 'News for {{ contact.firstName }}',
  html: '<p>Hi</p><a href="{{ links.preferences }}">Preferences</a><p>{{ profile.postalAddress | newline_to_br }}</p>',
  text: 'Hi\n{{ links.preferences }}\n{{ profile.postalAddress }}',
}
const commercial = { purposeKind: 'commercial' }
const transactional = { purposeKind: 'transactional' }
const pointers = (message: Partial<MessageTemplates>, facts = commercial) =>
  checkMessage({ ...good, ...message }, facts).map((problem) => problem.pointer)

test('a commercial mail with its footer in every part is taken', () => {
  expect(checkMessage(good, commercial)).toEqual([])
  expect(checkMessage({ ...good, html: undefined }, commercial)).toEqual([])
})

test('a transactional mail needs no footer', () => {
  expect(checkMessage({ subject: 's', html: '<p>x</p>', text: 'x' }, transactional)).toEqual([])
})

describe('a commercial mail is refused', () => {
  test.each([
    ['without the link in its text', { text: '{{ profile.postalAddress }}' }, '/text'],
    ['without the address in its text', { text: '{{ links.preferences }}' }, '/text'],
    [
      'with the link glued to a word',
      { text: 'x{{ links.preferences }}y {{ profile.postalAddress }}' },
      '/text',
    ],
    ['without the link in its HTML', { html: '<p>{{ profile.postalAddress }}</p>' }, '/html'],
    ['without the address in its HTML', { html: '<a href="{{ links.preferences }}">x</a>' }, '/html'],
    ['with the link as text only', { html: '{{ links.preferences }} {{ profile.postalAddress }}' }, '/html'],
    [
      'with the link in a comment',
      { html: '<!-- <a href="{{ links.preferences }}">x</a> -->{{ profile.postalAddress }}' },
      '/html',
    ],
    [
      'with a link that shows nothing',
      { html: '<a href="{{ links.preferences }}"> </a>{{ profile.postalAddress }}' },
      '/html',
    ],
    [
      'with the address in a comment',
      { html: '<a href="{{ links.preferences }}">x</a><!-- {{ profile.postalAddress }} -->' },
      '/html',
    ],
    [
      'with the address in the title',
      { html: '<title>{{ profile.postalAddress }}</title><a href="{{ links.preferences }}">x</a>' },
      '/html',
    ],
    [
      'with the address in a style',
      { html: '<style>{{ profile.postalAddress }}</style><a href="{{ links.preferences }}">x</a>' },
      '/html',
    ],
    [
      'with another link in its place',
      { html: '<a href="{{ links.unsubscribe }}">x</a>{{ profile.postalAddress }}' },
      '/html',
    ],
    [
      'with the footer behind a condition',
      { text: '{% if contact.x %}{{ links.preferences }}{% endif %}{{ profile.postalAddress }}' },
      '/text',
    ],
    [
      'with links.confirm, even behind a condition',
      { text: `${good.text}{% if contact.x %}{{ links.confirm }}{% endif %}` },
      '/text',
    ],
    ['with a link that does not exist', { html: `${good.html}{{ links.unsubscibe }}` }, '/html'],
    ['with links chosen by a contact', { html: `${good.html}{{ links[contact.x] }}` }, '/html'],
    ['without a subject', { subject: undefined }, '/subject'],
    ['with an empty subject', { subject: ' ' }, '/subject'],
    ['without text', { text: ' ' }, '/text'],
    ['with a subject that is empty for someone', { subject: '{{ contact.firstName }}' }, '/subject'],
    [
      'with a bad link id',
      { html: `${good.html}<a data-link="a b" href="https://x.example/">x</a>` },
      '/html',
    ],
    ['with a template that does not parse', { html: `${good.html}{% if %}` }, '/html'],
    ['with an unknown filter', { subject: '{{ contact.x | shout }}' }, '/subject'],
  ] as const)('%s', (_, change, pointer) => {
    expect(pointers(change)).toEqual([pointer])
  })
})

test('each part that lacks the footer is named', () => {
  expect(pointers({ html: '<p>x</p>', text: 'x' })).toEqual(['/html', '/html', '/text', '/text'])
})

test('an error of a template names its line', () => {
  const [problem] = checkMessage({ ...good, html: 'a\nb\n{% nope %}' }, commercial)
  expect(problem).toEqual({
    pointer: '/html',
    code: 'template-syntax',
    message: expect.stringMatching(/^Line 3: .*nope/),
  })
})

test('links.confirm is for transactional mail, links.optIn for commercial', () => {
  expect(pointers({ text: '{{ links.confirm }}' }, transactional)).toEqual([])
  expect(pointers({ text: '{{ links.optIn }}' }, transactional)).toEqual(['/text'])
  expect(pointers({ text: `${good.text} {{ links.optIn }}` })).toEqual([])
})

test.each(['tracking', 'terms', 'unheard-of'])('a purpose of kind %s sends no messages', (purposeKind) => {
  expect(pointers({}, { purposeKind })).toEqual(['/purpose'])
})

test.each([
  'javascript:alert(1)',
  ' JavaScript:alert(1)',
  'java&#10;script:alert(1)',
  '&#x6A;avascript:alert(1)',
  '\u0001javascript:alert(1)',
  'data:text/html,x',
  'vbscript:x',
  'file:///etc/hosts',
])('a link to %j is refused', (href) => {
  expect(pointers({ html: `${good.html}<a href="${href}">x</a>` })).toEqual(['/html'])
  expect(pointers({ html: `<p><a href='${href}'>x</a></p>` }, transactional)).toEqual(['/html'])
  expect(pointers({ html: `${good.html}<svg><a xlink:href="${href}">x</a></svg>` })).toEqual(['/html'])
})

test.each(['https://x.example/', 'mailto:a@example.org', 'tel:+1', '#top'])(
  'a link to %j is taken',
  (href) => {
    expect(pointers({ html: `${good.html}<a href="${href}">x</a>` })).toEqual([])
  },
)

describe('the words that would leave', () => {
  const footer = {
    purposeKind: 'commercial',
    preferencesUrl: 'https://a.example.com/preferences/h',
    postalAddress: '1 Main St & Co\n1000 Town',
  }
  const rendered = {
    subject: 's',
    html: '<a href="https://a.example.com/preferences/h"><img src="x"></a><p>1 Main St &amp; Co<br>1000\nTown</p>',
    text: 'https://a.example.com/preferences/h.\n1 Main St & Co, 1000 Town'.replace(', ', '\n'),
  }

  test('may leave with their footer, however the address is broken into lines', () => {
    expect(checkRendered(rendered, footer)).toEqual([])
    expect(checkRendered({ ...rendered, html: null }, footer)).toEqual([])
  })

  test("stay when the footer is another delivery's", () => {
    const other = { ...footer, preferencesUrl: 'https://a.example.com/preferences/other' }
    expect(checkRendered(rendered, other).map((p) => p.pointer)).toEqual(['/html', '/text'])
  })

  test('stay when the profile has no postal address', () => {
    expect(checkRendered(rendered, { ...footer, postalAddress: ' ' })).not.toEqual([])
  })

  test('stay when the kind of purpose is not known to be transactional', () => {
    const bare = { subject: 's', html: null, text: 'x' }
    expect(checkRendered(bare, { ...footer, purposeKind: 'unheard-of' })).not.toEqual([])
    expect(checkRendered(bare, { ...footer, purposeKind: 'transactional' })).toEqual([])
  })

  test("stay when a contact's data made a dangerous link, or nothing is left of them", () => {
    const html = '<a href="javascript:x">x</a>'
    const transactional = { ...footer, purposeKind: 'transactional' }
    expect(checkRendered({ subject: 's', html, text: 'x' }, transactional)).toHaveLength(1)
    expect(checkRendered({ subject: '', html: null, text: ' ' }, transactional)).toHaveLength(2)
  })
})
