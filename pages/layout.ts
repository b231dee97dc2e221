/** What all pages share: the document around their content. No script, no request to anybody else. */
import { type Html, html, type Piece } from './html.ts'
import { stylePath, styleVersion } from './style.ts'
import { type Language, languageNames, languages } from './texts/language.ts'
import { textsIn } from './texts/texts.ts'

/** Whose page it is; on pages that must not reveal that, null. */
export type Brand = {
  name: string
  /** Shown at the foot of the page. */
  postalAddress: string
}

export type Page = {
  language: Language
  title: string
  brand: Brand | null
  content: Html
}

/** @returns the whole document */
export function page({ language, title, brand, content }: Page): string {
  const document = html`<!doctype html>
<html lang="${language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<meta name="referrer" content="no-referrer">
<meta name="color-scheme" content="light dark">
<title>${brand === null ? title : `${title} – ${brand.name}`}</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="${`${stylePath}?v=${styleVersion}`}">
</head>
<body>
<div class="page">
${brand === null ? null : html`<header><p class="brand">${brand.name}</p></header>`}
<main>
${content}
</main>
<footer>
${brand === null ? null : html`<p>${brand.postalAddress}</p>`}
${languageChoice(language)}
</footer>
</div>
</body>
</html>
`
  return document.toString()
}

/** The same page in another language. Only the query changes, so that the link stays what it was. */
function languageChoice(current: Language): Html {
  return html`<nav aria-label="${textsIn(current).languageChoice}"><ul>${languages.map(
    (one) =>
      html`<li><a href="?lang=${one}" lang="${one}" hreflang="${one}"${one === current ? html` aria-current="true"` : null}>${languageNames[one]}</a></li>`,
  )}</ul></nav>`
}

/** A form that posts to the page's own address, in the language it is shown in. */
export function ownForm(language: Language, content: Html): Html {
  return html`<form method="post" action="?lang=${language}" autocomplete="off">${content}</form>`
}

/** A list of what one may be sent. */
export function grantList(grants: readonly { name: string; description: string }[]): Html {
  return html`<ul class="grants">${grants.map(
    ({ name, description }) => html`<li><strong>${name}</strong><span>${description}</span></li>`,
  )}</ul>`
}

/** A word about what was just done, which screen readers announce. */
export function said(text: string, kind: 'good' | 'note' = 'good'): Html {
  return html`<div class="${kind === 'good' ? 'said' : 'said note'}" role="status"><p>${text}</p></div>`
}

export function paragraph(text: Piece, soft = false): Html {
  return html`<p${soft ? html` class="soft"` : null}>${text}</p>`
}
