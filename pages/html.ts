/**
 * HTML that cannot be broken by what is put into it: the `html` template escapes every value, in text and in quoted attributes
 * alike. Only its own results go in unescaped. Attributes are always written in double quotes.
 */

/** Markup that was built by `html`. Its constructor is the one place where text becomes markup. */
export class Html {
  readonly #markup: string

  constructor(markup: string) {
    this.#markup = markup
  }

  toString(): string {
    return this.#markup
  }
}

/** What may stand in a template; null and false leave nothing. */
export type Piece = string | number | Html | null | false | readonly Html[]

export function html(strings: TemplateStringsArray, ...pieces: readonly Piece[]): Html {
  const markup = strings.map((text, place) =>
    place === 0 ? text : written(pieces[place - 1] ?? null) + text,
  )
  return new Html(markup.join(''))
}

function written(piece: Piece): string {
  if (piece === null || piece === false) return ''
  if (piece instanceof Html) return piece.toString()
  if (typeof piece === 'object') return piece.map((one) => one.toString()).join('')
  return escapeText(String(piece))
}

const escapes: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

/** Safe in text and in attributes of either quote. */
function escapeText(text: string): string {
  return text.replace(/[&<>"']/g, (sign) => escapes[sign] ?? sign)
}
