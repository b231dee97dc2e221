/** What a person reads when something cannot be done. It names nothing: neither a brand nor what was asked for. */
import { html } from './html.ts'
import { page, paragraph } from './layout.ts'
import type { Language } from './texts/language.ts'
import { textsIn } from './texts/texts.ts'

export type Problem = 'not-found' | 'bad-request' | 'too-large' | 'not-possible' | 'away' | 'broken'

export function problemPage(language: Language, problem: Problem): string {
  const { title, text } = wordsOf(language, problem)
  return page({ language, title, brand: null, content: html`<h1>${title}</h1>\n${paragraph(text)}` })
}

function wordsOf(language: Language, problem: Problem): { title: string; text: string } {
  const texts = textsIn(language).problem
  switch (problem) {
    case 'not-found':
      return { title: texts.notFoundTitle, text: texts.notFound }
    case 'bad-request':
      return { title: texts.badRequestTitle, text: texts.badRequest }
    case 'too-large':
      return { title: texts.tooLargeTitle, text: texts.tooLarge }
    case 'not-possible':
      return { title: texts.notPossibleTitle, text: texts.notPossible }
    case 'away':
      return { title: texts.awayTitle, text: texts.away }
    case 'broken':
      return { title: texts.brokenTitle, text: texts.broken }
    default:
      return problem satisfies never
  }
}
