import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { collectLinks, linkNames, rewriteLinks } from '../../../domain/messages/links.ts'
import { textLinks } from '../../../domain/messages/textLinks.ts'

const own = new Set(['https://a.example.com/unsubscribe/h', 'https://a.example.com/preferences/h'])
const mail = (html: string | null, text = '') => ({ subject: 's', html, text })
const numbered = (_url: string, id: string, position: number) =>
  `https://t.example.com/${position}?id=${id}&x=1`
const same = (url: string) => url

describe('collecting', () => {
  test('ids and positions follow the order of appearance', () => {
    const html = `<a href="https://x.example/a">a</a><a data-link="buy" href="https://x.example/b">b</a>
      <map><area href='https://x.example/c'></map><a href=https://x.example/a>again</a>`
    expect(collectLinks(mail(html), own)).toEqual([
      { position: 1, id: 'link-1', url: 'https://x.example/a' },
      { position: 2, id: 'buy', url: 'https://x.example/b' },
      { position: 3, id: 'link-3', url: 'https://x.example/c' },
    ])
  })

  test('the same address under another id is another link, the same under the same id is one', () => {
    const html = `<a data-link="top" href="https://x.example/">1</a><a data-link="end" href="https://x.example/">2</a>
      <a data-link="top" href="https://x.example/">3</a><a href="https://x.example/">4</a>`
    expect(collectLinks(mail(html), own).map(({ position, id }) => [position, id])).toEqual([
      [1, 'top'],
      [2, 'end'],
      [3, 'link-3'],
    ])
  })

  test('a link of the text is the link of the HTML with the same address', () => {
    const links = collectLinks(
      mail(
        '<a data-link="buy" href="https://x.example/?a=1&amp;b=2">b</a>',
        'https://x.example/?a=1&b=2 https://y.example/',
      ),
      own,
    )
    expect(links).toEqual([
      { position: 1, id: 'buy', url: 'https://x.example/?a=1&b=2' },
      { position: 2, id: 'link-2', url: 'https://y.example/' },
    ])
  })

  test('mail, phone, anchors, relative and our own links are none', () => {
    const html = `<a href="mailto:x@example.org">1</a><a href="tel:+1">2</a><a href="#top">3</a><a href="/x">4</a>
      <a href="">5</a><a name="x">6</a><a href="ftp://x.example/">7</a><a href="https://a.example.com/unsubscribe/h">8</a>
      <a href=" https://a.example.com/preferences/h ">9</a><link href="https://x.example/style"><img src="https://x.example/i">
      <!-- <a href="https://x.example/comment">c</a> --><a href="https://">broken</a>`
    const text = 'https://a.example.com/unsubscribe/h, <https://a.example.com/preferences/h>.'
    expect(collectLinks(mail(html, text), own)).toEqual([])
    expect(rewriteLinks(mail(html, text), own, numbered)).toEqual(mail(html, text))
  })
})

describe('rewriting', () => {
  test('exchanges addresses and takes data-link out, and leaves every other byte as it was', () => {
    const html =
      '<!DOCTYPE html>\r\n<HTML><body  CLASS=x>\r\n<P>a &amp; b<A  Data-Link="buy"\r\n HREF = \'https://x.example/?a=1&amp;b=2\' class="c">B</A >' +
      '<a href=https://y.example/ target=_blank>y</a><br/>&nbsp;<b><i>wrong</b></i>'
    const out = rewriteLinks(mail(html), own, numbered).html
    expect(out).toBe(
      '<!DOCTYPE html>\r\n<HTML><body  CLASS=x>\r\n<P>a &amp; b<A\r\n href="https://t.example.com/1?id=buy&amp;x=1" class="c">B</A >' +
        '<a href="https://t.example.com/2?id=link-2&amp;x=1" target=_blank>y</a><br/>&nbsp;<b><i>wrong</b></i>',
    )
  })

  test('asks once for each place, with the address decoded', () => {
    const asked: string[] = []
    rewriteLinks(
      mail('<a href="https://x.example/?a&amp;b">1</a><a href=" https://x.example/?a&b">2</a>'),
      own,
      (url, id, at) => {
        asked.push(`${at} ${id} ${url}`)
        return url
      },
    )
    expect(asked).toEqual(['1 link-1 https://x.example/?a&b', '1 link-1 https://x.example/?a&b'])
  })

  test('to the same address changes nothing but data-link', () => {
    const html = `<a href='https://x.example/?a=1&b=2'>1</a>\n<a data-link=q href="https://x.example/">2</a><a data-link="z">3</a>`
    const out = rewriteLinks(mail(html, 'https://x.example/.'), own, same)
    expect(out.html).toBe(
      `<a href='https://x.example/?a=1&b=2'>1</a>\n<a href="https://x.example/">2</a><a>3</a>`,
    )
    expect(out.text).toBe('https://x.example/.')
  })

  test('attributes written without a space between them stay apart', () => {
    const out = rewriteLinks(mail('<a href="https://x.example/"data-link="q"title="t">1</a>'), own, same).html
    expect(out).toBe('<a href="https://x.example/" title="t">1</a>')
  })

  test('a target with quotes and brackets stays in its attribute', () => {
    const out = rewriteLinks(
      mail('<a href="https://x.example/">1</a>'),
      own,
      () => 'https://t.example/"><script>',
    ).html
    expect(out).toBe('<a href="https://t.example/&quot;>&lt;script>">1</a>')
  })

  test('a wrongly nested link is one place', () => {
    const out = rewriteLinks(
      mail('<a href="https://x.example/"><p>1<table><a href="https://y.example/">2</p></table></a>'),
      own,
      numbered,
    )
    expect(out.html?.match(/t\.example\.com/g)).toHaveLength(2)
    expect(out.html).not.toMatch(/[xy]\.example\//)
  })

  test('any HTML comes out as it was where nothing is to be rewritten', () => {
    const piece = fc.constantFrom(
      '<a href="',
      '"',
      '>',
      '<b>',
      '</a>',
      '\r\n',
      '&amp;',
      'mailto:x',
      '<!--',
      '-->',
      '<p',
      ' ',
      'é',
      '<svg>',
      '</',
      '#',
    )
    fc.assert(
      fc.property(fc.array(fc.oneof(piece, fc.string({ unit: 'binary' }))), (pieces) => {
        const html = pieces.join('')
        expect(rewriteLinks(mail(html), own, same).html).toBe(html)
      }),
    )
  })

  test('every address of a text is exchanged in its place', () => {
    const text =
      'See https://x.example/a, (https://x.example/b) or\n<https://x.example/c>. https://x.example/a!'
    expect(rewriteLinks(mail(null, text), own, (_u, _i, at) => `[${at}]`).text).toBe(
      'See [1], ([2]) or\n<[3]>. [1]!',
    )
  })
})

describe('addresses in a text', () => {
  test.each([
    ['https://x.example', 'https://x.example'],
    ['see https://x.example/a.', 'https://x.example/a'],
    ['https://x.example/a?b=c&d=e#f;', 'https://x.example/a?b=c&d=e#f'],
    ['(https://x.example/a)', 'https://x.example/a'],
    ['https://x.example/a_(b)', 'https://x.example/a_(b)'],
    ['(see https://x.example/a_(b)).', 'https://x.example/a_(b)'],
    ['[link](https://x.example/a)', 'https://x.example/a'],
    ['"https://x.example/a"', 'https://x.example/a'],
    ['„https://x.example/a“', 'https://x.example/a'],
    ['<https://x.example/a>', 'https://x.example/a'],
    ['**https://x.example/a**', 'https://x.example/a'],
    ['https://x.example/a/', 'https://x.example/a/'],
    ['https://x.example/a-', 'https://x.example/a-'],
    ['https://x.example/a?!...', 'https://x.example/a'],
    ['HTTPS://X.example/a', 'HTTPS://X.example/a'],
  ])('%j', (text, url) => {
    expect(textLinks(text).map((link) => link.url)).toEqual([url])
  })

  test.each(['xhttps://x.example', 'https://', 'ftp://x.example', 'www.example.org', 'https:x'])(
    '%j has none',
    (text) => {
      expect(textLinks(text)).toEqual([])
    },
  )

  test('spans are exact', () => {
    const text = 'a https://x.example/1 b (https://x.example/2).'
    expect(textLinks(text).map(({ span }) => text.slice(span.start, span.end))).toEqual([
      'https://x.example/1',
      'https://x.example/2',
    ])
  })
})

describe('the pixel', () => {
  const url = 'https://a.example.com/o/h?x=1&y=2'
  const image =
    '<img src="https://a.example.com/o/h?x=1&amp;y=2" width="1" height="1" alt="" style="border:0">'
  test.each([
    ['<html><body><p>x</p></body></html>', `<html><body><p>x</p>${image}</body></html>`],
    ['<BODY><p>x</p></BODY>\r\n', `<BODY><p>x</p>${image}</BODY>\r\n`],
    ['<html><p>x</p></html>\n', `<html><p>x</p>${image}</html>\n`],
    ['<p>x</p></body>\n', `<p>x</p></body>\n${image}`],
    ['<p>x', `<p>x${image}`],
    ['<!-- </body> --><p>x</p>', `<!-- </body> --><p>x</p>${image}`],
    ['', image],
  ])('goes to the end of the body of %j', (html, expected) => {
    const rendered = { subject: 'x', html, text: 'x' }
    expect(rewriteLinks(rendered, new Set(), (to) => to, url).html).toBe(expected)
  })
})

describe('the names of a template’s links', () => {
  test.each([
    [
      '<a href="https://x.example/1" data-link="shop">a</a>{% if x %}<a href="{{ y }}" data-link="more">b</a>{% endif %}',
      ['shop', 'more'],
    ],
    ['<a href="https://x.example/1">a</a>', []],
    ['<a href="https://x.example/1" data-link="p-{{ id }}">a</a>', null],
    ['', []],
  ])('%s', (template, names) => {
    expect(linkNames(template)).toEqual(names)
  })
})
