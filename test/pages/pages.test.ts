import { describe, expect, it } from 'vitest'
import { confirmNotice, confirmPage } from '../../pages/confirm.ts'
import { boxNotice, preferencesPage } from '../../pages/preferences.ts'
import { styleVersion } from '../../pages/style.ts'
import { languages, longDate, pickLanguage } from '../../pages/texts/language.ts'
import { all, attribute, elementsOf, textOf } from './elements.ts'
import { address, brand, everyPage, grants, groups, pagesIn } from './views.ts'

describe.each(everyPage)('$name in $language', ({ language, page }) => {
  it('names its language, and has one heading of the first order, one main part and a title', () => {
    const [root] = all(page, 'html')
    expect(root === undefined ? null : attribute(root, 'lang')).toBe(language)
    expect(all(page, 'h1')).toHaveLength(1)
    expect(all(page, 'main')).toHaveLength(1)
    expect(all(page, 'title').map(textOf).join('').length).toBeGreaterThan(5)
  })

  it('runs no script, loads nothing from other sites, and works without inline style', () => {
    for (const element of elementsOf(page)) {
      expect(['script', 'iframe', 'img', 'style', 'object', 'svg']).not.toContain(element.tagName)
      for (const { name, value } of element.attrs) {
        expect(name).not.toMatch(/^on|^style$/)
        if (['href', 'src', 'action'].includes(name)) expect(value).toMatch(/^(\?lang=|\/(?!\/)|data:,$)/)
      }
    }
    expect(page).toContain(`/assent.css?v=${styleVersion}`)
  })

  it('has a label and an explanation for every box, a name for every button, and no id twice', () => {
    const elements = elementsOf(page)
    const ids = elements.flatMap((element) => attribute(element, 'id') ?? [])
    expect(new Set(ids).size).toBe(ids.length)
    const labelled = new Set(all(page, 'label').map((label) => attribute(label, 'for')))
    for (const input of all(page, 'input')) {
      if (attribute(input, 'type') === 'hidden') continue
      expect(labelled).toContain(attribute(input, 'id'))
      expect(ids).toContain(attribute(input, 'aria-describedby'))
    }
    for (const button of all(page, 'button')) expect(textOf(button).trim()).not.toBe('')
    for (const element of elements) {
      for (const reference of ['aria-labelledby', 'aria-describedby']) {
        const id = attribute(element, reference)
        if (id !== null) expect(ids).toContain(id)
      }
    }
  })

  it('shows names as they are written, never as markup', () => {
    expect(page).not.toContain('<Ltd>')
    expect(page).not.toContain('<b>near</b>')
  })
})

it('no page says in one language what it says in another', () => {
  for (const { name, page } of pagesIn('en')) {
    for (const other of [...pagesIn('de'), ...pagesIn('nl')].filter((one) => one.name === name)) {
      expect(all(other.page, 'h1').map(textOf)).not.toEqual(all(page, 'h1').map(textOf))
    }
  }
})

it('a confirmation names what is confirmed, for which address, and is confirmed by a button that posts', () => {
  const page = confirmPage({ language: 'en', brand, address, grants, state: 'pending' })
  const text = all(page, 'main').map(textOf).join('')
  for (const { name, description } of grants) {
    expect(text).toContain(name)
    expect(text).toContain(description)
  }
  expect(text).toContain(brand.name)
  expect(text).toContain(address)
  expect(all(page, 'form').map((form) => attribute(form, 'method'))).toEqual(['post'])
  expect(all(page, 'button')).toHaveLength(1)
})

it('what is kept as the wording of a confirmation is on the page, and holds no address', () => {
  const { wording } = confirmNotice('de', brand.name, grants)
  const text = all(confirmPage({ language: 'de', brand, address, grants, state: 'pending' }), 'main')
    .map(textOf)
    .join('')
  const parts = wording.split('\n').flatMap((line) => line.replace(/\]$/, '').split(/: | \[/))
  for (const part of parts) expect(text).toContain(part)
  expect(wording).not.toContain('@')
})

it('boxes are ticked as they stand, each with what it was shown as beside it', () => {
  const page = preferencesPage({ language: 'en', brand, address, seen: 3, groups, others: [], outcome: null })
  const inputs = all(page, 'input')
  const ticked = inputs
    .filter((input) => attribute(input, 'checked') !== null)
    .map((input) => attribute(input, 'name'))
  expect(ticked).toEqual(['is::marketing:newsletter', 'is::surveys:'])
  const shown = inputs.filter((input) => attribute(input, 'name')?.startsWith('was:'))
  expect(shown.map((input) => `${attribute(input, 'name')} ${attribute(input, 'value')}`)).toEqual([
    'was::marketing:newsletter on.1',
    'was::marketing:events off.1',
    'was::marketing:offers off.1',
    'was::marketing: off.1',
    'was::surveys: on.1',
    'was::statistics: off.1',
  ])
})

it('a purpose that is partly on says how much of it is, and has no box over its topics', () => {
  const page = preferencesPage({ language: 'en', brand, address, seen: 3, groups, others: [], outcome: null })
  const [marketing] = all(page, 'fieldset')
  if (marketing === undefined) throw new Error('no group')
  const text = textOf(marketing).replace(/\s+/g, ' ')
  expect(text).toMatch(/^ ?Marketing 1 of 4 on What marketing is about/)
  expect(all(page, 'label').map(textOf)).toEqual([
    'Newsletter',
    'Events',
    'Offers',
    'Marketing, in general',
    'Surveys',
    'Statistics',
  ])
})

it.each(languages)(
  'what is kept as the wording of a box is on the page, its name first, in %s',
  (language) => {
    const page = preferencesPage({ language, brand, address, seen: 3, groups, others: [], outcome: null })
    const text = all(page, 'main').map(textOf).join('')
    for (const { purpose, topics } of groups) {
      for (const box of [purpose, ...topics]) {
        const hasTopics = box.topic === null && topics.length > 0
        const { name, description, purposeVersion: version } = box
        const { wording } = boxNotice(language, { name, description, version, hasTopics })
        expect(wording.startsWith(`${name}: ${description}`)).toBe(true)
        const lines = wording.split('\n').flatMap((line) => line.replace(/\]$/, '').split(/: | \[/))
        for (const part of lines) expect(text).toContain(part)
      }
    }
  },
)

it('boxes say since when', () => {
  const page = preferencesPage({ language: 'nl', brand, address, seen: 3, groups, others: [], outcome: null })
  const times = all(page, 'time').map((time) => [attribute(time, 'datetime'), textOf(time)])
  expect(times).toContainEqual(['2026-10-03T10:00:00.000Z', longDate('nl', '2026-10-03T10:00:00.000Z')])
})

it('a language is picked by its primary subtag, in the order of the wishes, and is English where none is ours', () => {
  expect(pickLanguage(undefined, 'de-AT')).toBe('de')
  expect(pickLanguage('nl', 'de')).toBe('nl')
  expect(pickLanguage('fr', ['de'], 'xx')).toBe('en')
  expect(pickLanguage()).toBe('en')
})
