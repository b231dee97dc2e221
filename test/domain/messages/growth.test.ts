/**
 * What a stranger's trigger puts into a mail costs time in proportion to its length. The inputs are such that a square takes
 * far longer than a test may: that each one ends is what it says.
 */
import { describe, expect, it } from 'vitest'
import { checkRendered } from '../../../domain/messages/check.ts'
import { readHtml } from '../../../domain/messages/html.ts'
import { collectLinks, rewriteLinks } from '../../../domain/messages/links.ts'
import { textLinks } from '../../../domain/messages/textLinks.ts'

const mail = (text: string, html: string | null = null) => ({ subject: 's', html, text })
const none = new Set<string>()

describe('linear', () => {
  it('brackets at the end of an address', () => {
    const text = `https://x.example/${')]}'.repeat(400_000)}`
    expect(textLinks(text).map(({ url }) => url)).toEqual(['https://x.example/'])
    const opened = `https://x.example/${'('.repeat(400_000)}${'))'.repeat(400_000)}`
    expect(textLinks(opened)[0]?.url).toHaveLength('https://x.example/'.length + 800_000)
  })

  it('fifty thousand links in the text, all different, all the same', () => {
    const different = Array.from({ length: 50_000 }, (_, i) => `https://x.example/${i}`).join(' ')
    expect(collectLinks(mail(different), none)).toHaveLength(50_000)
    const same = 'https://x.example/ '.repeat(50_000)
    expect(collectLinks(mail(same), none)).toHaveLength(1)
    expect(rewriteLinks(mail(same), none, () => 'y').text).toBe('y '.repeat(50_000))
  })

  it('fifty thousand links in the HTML, named and not', () => {
    const named = Array.from(
      { length: 50_000 },
      (_, i) => `<a href="https://x.example/" data-link="l${i}">x</a>`,
    )
    expect(collectLinks(mail('', named.join('')), none)).toHaveLength(50_000)
    const plain = Array.from({ length: 50_000 }, (_, i) => `<a href="https://x.example/${i}">x</a>`)
    expect(collectLinks(mail('', plain.join('')), none)).toHaveLength(50_000)
  })

  it('links nested in one another: each is seen where the innermost shows something', () => {
    // A parser closes an open <a>, but not over the border of a table's cell.
    const nested = (deep: number, inner: string) =>
      `${'<a href="https://x.example/"><table><tr><td>'.repeat(deep)}${inner}`
    expect(readHtml(nested(3, 'x')).anchors.map(({ visible }) => visible)).toEqual([true, true, true])
    expect(readHtml(nested(3, ' ')).anchors.map(({ visible }) => visible)).toEqual([false, false, false])
    expect(readHtml(nested(8_000, '')).anchors).toHaveLength(8_000)
  })
})

describe('a mail may hold', () => {
  const transactional = { purposeKind: 'transactional', preferencesUrl: '', postalAddress: '' }
  const codes = (text: string, html: string | null = null) =>
    checkRendered(mail(text, html), transactional).map(({ pointer, code }) => `${pointer} ${code}`)

  it('a thousand links in each part', () => {
    expect(codes('https://x.example/ '.repeat(1_000))).toEqual([])
    expect(codes('https://x.example/ '.repeat(1_001))).toEqual(['/text too-many-links'])
    expect(codes('x', '<a href="https://x.example/">x</a>'.repeat(1_001))).toEqual(['/html too-many-links'])
  })

  it('links of 8,000 characters', () => {
    const long = (length: number) => 'https://x.example/'.padEnd(length, 'a')
    expect(codes(long(8_000), `<a href="${long(8_000)}">x</a>`)).toEqual([])
    expect(codes(long(8_001))).toEqual(['/text link-too-long'])
    expect(codes('x', `<a href="${long(8_001)}">x</a>`)).toEqual(['/html link-too-long'])
  })
})
