/** The page of a double opt-in: what is being confirmed, and one button. */
import { type Html, html } from './html.ts'
import { type Brand, grantList, ownForm, page, paragraph } from './layout.ts'
import type { Language } from './texts/language.ts'
import { textsIn, textsVersion } from './texts/texts.ts'

export type ConfirmView = {
  language: Language
  brand: Brand
  /** Masked. */
  address: string
  /** What is to be confirmed, or was. */
  grants: readonly { name: string; description: string }[]
  state: 'pending' | 'confirmed' | 'already-confirmed' | 'expired' | 'mail-sent' | 'withdrawn'
}

export function confirmPage(view: ConfirmView): string {
  const { title, content } = contentOf(view)
  return page({ language: view.language, brand: view.brand, title, content })
}

function contentOf({ state, language, brand, address, grants }: ConfirmView): {
  title: string
  content: Html
} {
  const texts = textsIn(language).confirm
  switch (state) {
    case 'pending':
      return titled(
        texts.title,
        html`${paragraph(texts.lead(brand.name, address))}
${grantList(grants)}
${paragraph(texts.question(brand.name))}
${ownForm(language, html`<button type="submit">${texts.button}</button>`)}
<div class="after">${paragraph(texts.notYou, true)}</div>`,
      )
    case 'confirmed':
      return titled(
        texts.confirmedTitle,
        html`${paragraph(texts.confirmedLead(brand.name, address))}
${grantList(grants)}
${paragraph(texts.change, true)}`,
      )
    case 'already-confirmed':
      return titled(
        texts.alreadyTitle,
        html`${paragraph(texts.alreadyLead)}
${grantList(grants)}
${paragraph(texts.change, true)}`,
      )
    case 'expired':
      return titled(
        texts.expiredTitle,
        html`${paragraph(texts.expiredLead)}
${grantList(grants)}
${ownForm(language, html`<button type="submit" name="again" value="1">${texts.againButton}</button>`)}`,
      )
    case 'mail-sent':
      return titled(texts.mailSentTitle, paragraph(texts.mailSentLead(address)))
    case 'withdrawn':
      return titled(texts.withdrawnTitle, paragraph(texts.withdrawnLead))
    default:
      return state satisfies never
  }
}

function titled(title: string, content: Html): { title: string; content: Html } {
  return { title, content: html`<h1>${title}</h1>\n${content}` }
}

/**
 * The wording a confirmation rests on, as the page shows it, for the ledger. The address is left out: wordings are kept in
 * clear, and shared by all who saw the same.
 */
export function confirmNotice(
  language: Language,
  brand: string,
  grants: ConfirmView['grants'],
): { id: string; version: string; language: string; wording: string } {
  const texts = textsIn(language).confirm
  const asked = grants.map(({ name, description }) => `${name}: ${description}`)
  return {
    id: 'double-opt-in-page',
    version: textsVersion,
    language,
    wording: [...asked, `${texts.question(brand)} [${texts.button}]`].join('\n'),
  }
}
