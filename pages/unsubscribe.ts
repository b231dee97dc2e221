/** The page behind the unsubscribe link: a question and one button; after it, what was done. */
import { type Html, html } from './html.ts'
import { type Brand, ownForm, page, paragraph } from './layout.ts'
import type { Language } from './texts/language.ts'
import { textsIn, textsVersion } from './texts/texts.ts'

export type UnsubscribeView = {
  language: Language
  brand: Brand
  /** Masked; null where the address is not kept any more. */
  address: string | null
  /** Name of the topic, or else of the purpose, the message was sent under. */
  name: string
  /** Names of the topics of that purpose, which go along with it; none where it is a topic. */
  topics: readonly string[]
  state: 'asked' | 'unsubscribed' | 'nothing-to-unsubscribe'
  /** Where the preference centre is; null where there is none any more. */
  preferences: string | null
}

/** The button's value, which distinguishes it from a mail program's one-click. */
export const unsubscribeField = { name: 'unsubscribe', value: '1' } as const

export function unsubscribePage(view: UnsubscribeView): string {
  const { title, content } = contentOf(view)
  return page({
    language: view.language,
    brand: view.brand,
    title,
    content: html`<h1>${title}</h1>\n${content}`,
  })
}

function contentOf(view: UnsubscribeView): { title: string; content: Html } {
  const { language, brand, name, topics, state } = view
  const texts = textsIn(language).unsubscribe
  const about = view.address === null ? null : paragraph(texts.about(view.address), true)
  switch (state) {
    case 'asked':
      return {
        title: texts.title,
        content: html`${paragraph(texts.question(name, brand.name))}
${topics.length === 0 ? null : paragraph(texts.withTopics(topics.join(', ')))}
${about}
${ownForm(language, html`<button type="submit" name="${unsubscribeField.name}" value="${unsubscribeField.value}">${texts.button}</button>`)}
${preferencesLink(view, null)}`,
      }
    case 'unsubscribed':
      return {
        title: texts.doneTitle,
        content: html`${paragraph(texts.done(name, brand.name))}
${about}
${preferencesLink(view, texts.mistake)}`,
      }
    case 'nothing-to-unsubscribe':
      return {
        title: texts.nothingTitle,
        content: html`${paragraph(texts.nothing(brand.name))}
${preferencesLink(view, null)}`,
      }
    default:
      return state satisfies never
  }
}

function preferencesLink({ language, preferences }: UnsubscribeView, before: string | null): Html | null {
  if (preferences === null) return null
  const texts = textsIn(language).unsubscribe
  return html`<div class="after"><p>${before === null ? null : `${before} `}<a href="${preferences}?lang=${language}">${texts.preferences}</a></p></div>`
}

/** The wording beside the button, for the ledger. */
export function unsubscribeNotice(
  language: Language,
  brand: string,
  { name, topics }: { name: string; topics: readonly string[] },
): { id: string; version: string; language: string; wording: string } {
  const texts = textsIn(language).unsubscribe
  const scope = topics.length === 0 ? '' : ` ${texts.withTopics(topics.join(', '))}`
  const wording = `${texts.question(name, brand)}${scope} [${texts.button}]`
  return { id: 'unsubscribe-page', version: textsVersion, language, wording }
}
