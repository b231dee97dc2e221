import fc from 'fast-check'
import { parseFragment } from 'parse5'
import { expect, it } from 'vitest'
import { html } from '../../pages/html.ts'
import { attribute, elementsOf, textOf } from './elements.ts'

/** What a parser must make of some text: HTML has one line break. */
const lines = (text: string) => text.replace(/\r\n?/g, '\n')

const storable = fc.string({ unit: 'grapheme', maxLength: 40 }).filter((text) => !text.includes('\u0000'))

it('any text arrives as that text, between tags and in attributes, and makes no element', () => {
  fc.assert(
    fc.property(
      fc.oneof(storable, fc.constantFrom('<script>', '"onload="', "' x='", '&amp;', '</p>')),
      (text) => {
        const elements = elementsOf(html`<p title="${text}">${text}</p>`.toString()).filter(
          ({ tagName }) => !['html', 'head', 'body'].includes(tagName),
        )
        expect(elements.map(({ tagName }) => tagName)).toEqual(['p'])
        const [paragraph] = elements
        if (paragraph === undefined) throw new Error('no paragraph')
        expect(attribute(paragraph, 'title')).toBe(lines(text))
        expect(textOf(paragraph)).toBe(lines(text))
      },
    ),
  )
})

it('its own results go in as they are, lists of them one after the other, and nothing for null and false', () => {
  const items = ['a', '<b>'].map((text) => html`<li>${text}</li>`)
  const list = html`<ul>${items}${null}${false}${3}</ul>`.toString()
  expect(list).toBe('<ul><li>a</li><li>&lt;b&gt;</li>3</ul>')
  expect(parseFragment(list).childNodes).toHaveLength(1)
})
