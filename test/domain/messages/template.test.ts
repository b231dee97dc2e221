import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  compileTemplates,
  type MessageContext,
  type MessageTemplates,
  renderMessage,
  TemplateError,
  type TemplateField,
} from '../../../domain/messages/template.ts'

const context: MessageContext = {
  contact: { firstName: 'R&B <b>"x"</b>', tags: ['a', 'b'] },
  trigger: { total: 12.5 },
  profile: { name: 'Shop', postalAddress: '1 Main St\nTown' },
  links: { preferences: 'https://www.example.com/preferences/h' },
}

function render(templates: Partial<MessageTemplates>, over: Partial<MessageContext> = {}) {
  return renderMessage({ subject: 's', text: 't', ...templates }, { ...context, ...over })
}

function errorOf(field: TemplateField, source: string): TemplateError {
  try {
    render({ [field]: source })
  } catch (error) {
    if (error instanceof TemplateError) return error
    throw error
  }
  throw new Error('rendered')
}

test('all three parts are rendered; HTML is null where there is none', () => {
  expect(
    render({
      subject: 'For {{ contact.tags | join: "+" }}',
      text: '{{ trigger.total }} {{ profile.name }} {{ links.preferences }}',
    }),
  ).toEqual({ subject: 'For a+b', html: null, text: '12.5 Shop https://www.example.com/preferences/h' })
})

describe('escaping', () => {
  test('is done in HTML and not in text or subject', () => {
    const out = render({
      subject: '{{ contact.firstName }}',
      html: '<p>{{ contact.firstName }}</p>',
      text: '{{ contact.firstName }}',
    })
    expect(out.html).toBe('<p>R&#38;B &#60;b&#62;&#34;x&#34;&#60;/b&#62;</p>')
    expect(out.text).toBe('R&B <b>"x"</b>')
    expect(out.subject).toBe('R&B <b>"x"</b>')
  })

  test.each([
    '{{ x }}',
    '{{ x | escape }}',
    '{{ x | escape_once }}',
    '{{ x | xml_escape }}',
    '{{ x | newline_to_br }}',
    '{{ x | upcase }}',
    '{{ list }}',
    '{{ list | join: "<i>" }}',
    '{% echo x %}',
    '{% liquid echo x %}',
    '{% cycle x, x %}',
    '{% capture y %}{{ x }}{% endcapture %}{{ y }}',
    '{% assign y = x %}{{ y }}',
    '{{ x | append: x }}',
    '{{ x | json }}',
    '{{ "<b>" }}',
    '{% for i in list %}{{ i }}{% endfor %}',
    '{% tablerow i in list %}{{ i }}{% endtablerow %}',
  ])('nothing a contact brings becomes markup through %s', (template) => {
    fc.assert(
      fc.property(fc.string(), (given) => {
        const value = `<img src="x" onerror='y'>${given}`
        const html = render(
          { html: template.replace(/\bx\b/g, 'contact.x').replace(/\blist\b/g, 'contact.list') },
          {
            contact: { x: value, list: [value] },
          },
        ).html
        const without = (html ?? '').replace(/<br>|<\/?t[rd][^<>]*>/g, '')
        expect(without).not.toMatch(/[<>"']/)
      }),
      { numRuns: 30 },
    )
  })

  test('is done once, and lines can be broken', () => {
    expect(render({ html: '{{ "a&b" | escape }}' }).html).toBe('a&#38;b')
    expect(render({ html: '{{ profile.postalAddress | newline_to_br }}' }).html).toBe('1 Main St<br>\nTown')
  })

  test.each(['html', 'text'] as const)('cannot be switched off in %s', (field) => {
    expect(errorOf(field, '{{ contact.firstName | raw }}')).toMatchObject({ code: 'syntax', field })
  })
})

test('an unknown variable renders empty, and nothing of JavaScript shows through', () => {
  const text =
    '[{{ nobody }}{{ contact.nothing.at.all }}{{ contact.constructor }}{{ contact.tags.constructor.name }}]'
  expect(render({ text }).text).toBe('[]')
})

describe('a subject', () => {
  test('is one line, whatever a contact is called', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'binary' }),
        fc.constantFrom('\r\n', '\n', '\r', '\u2028', '\u0000'),
        (a, line) => {
          const { subject } = render(
            { subject: 'Hi {{ contact.n }}' },
            { contact: { n: `${a}${line}Bcc: x@example.org` } },
          )
          expect(subject).not.toMatch(/[\p{Cc}\p{Zl}\p{Zp}]/u)
          expect(subject.isWellFormed()).toBe(true)
          expect(subject.length).toBeLessThanOrEqual(400)
        },
      ),
    )
  })
})

describe('errors', () => {
  test.each([
    ['html', 'line\n{{ contact.x | nofilter }}', 'syntax', 2],
    ['text', 'one\ntwo\n{% notag %}', 'syntax', 3],
    ['subject', '{% if contact.x %}never closed', 'syntax', 1],
    ['text', '{{ contact.x', 'syntax', 1],
    ['html', '{% include "x" %}', 'syntax', 1],
    ['html', '{% render "x" %}', 'syntax', 1],
    ['html', '{% layout "x" %}', 'syntax', 1],
    ['html', '{% block x %}{% endblock %}', 'syntax', 1],
  ] as const)('in %s: %j names field and line', (field, source, code, line) => {
    const error = errorOf(field, source)
    expect(error).toMatchObject({ code, field, line })
    expect(error.message).not.toMatch(/line:|col:/)
  })

  test('syntax errors show when templates are compiled', () => {
    expect(() => compileTemplates({ text: '{% if %}', subject: 's' })).toThrow(TemplateError)
  })

  test.each([
    '{% for i in (1..100000000) %}x{% endfor %}',
    '{% for i in (1..30000) %}{% for j in (1..30000) %}x{% endfor %}{% endfor %}',
    '{% assign a = "xxxxxxxxxx" %}{% for i in (1..100) %}{% assign a = a | append: a %}{% endfor %}{{ a }}',
    '{% for i in (1..3000) %}{% for j in (1..1000) %}xxxxxxxxxxxxxxxxxxxx{% endfor %}{% endfor %}',
  ])('%s is stopped', (text) => {
    expect(errorOf('text', text)).toMatchObject({ code: 'limit', field: 'text' })
  })

  test('a failed rendering does not quote a contact', () => {
    const source =
      '{% for i in (1..contact.secret) %}{% endfor %}{{ contact.secret | date: "%Y", contact.secret }}'
    try {
      render({ text: source }, { contact: { secret: '4711 sesame' } })
    } catch (error) {
      expect(String(error)).not.toContain('sesame')
    }
  })
})

test('more templates than are kept parsed still render right', () => {
  for (let i = 0; i < 1200; i++) expect(render({ text: `${i} {{ profile.name }}` }).text).toBe(`${i} Shop`)
  expect(render({ text: '0 {{ profile.name }}' }).text).toBe('0 Shop')
})

test('the same source means different things in HTML and in text', () => {
  const source = '{{ contact.firstName }}'
  const out = render({ html: source, text: source, subject: source })
  expect(out.html).not.toBe(out.text)
})
