/** Where the links of previews and test mails lead: it says what the link would do in a real message, and does nothing. */
import { html } from './html.ts'
import { page, paragraph } from './layout.ts'
import type { Language } from './texts/language.ts'
import { textsIn } from './texts/texts.ts'

export const testLinks = ['unsubscribe', 'preferences', 'confirm'] as const
export type TestLink = (typeof testLinks)[number]

export function testLinkPage(language: Language, link: TestLink): string {
  const texts = textsIn(language).testLink
  return page({
    language,
    title: texts.title,
    brand: null,
    content: html`<h1>${texts.title}</h1>\n${paragraph(texts.lead)}\n${paragraph(texts[link])}`,
  })
}
