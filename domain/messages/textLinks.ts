/**
 * Finds the web addresses in a plain text as mail programs do: up to white space, a quote or an angle bracket, without
 * the punctuation of the sentence around them, and with a closing bracket only where it was opened inside.
 */
import type { Span } from './html.ts'

/** One address in a text. */
export type TextLink = { readonly url: string; readonly span: Span }

const CANDIDATE = /(?<![\p{L}\p{N}_])https?:\/\/[^\s<>"\p{Cc}]+/giu
const TRAILING = new Set([...".,;:!?'*…“”’»"])
const BRACKETS: Readonly<Record<string, string>> = { ')': '(', ']': '[', '}': '{' }
const IS_BRACKET = new Set('()[]{}')

/** Characters an address may have. One that is longer is found, but `checkRendered` refuses the mail. */
export const LONGEST_LINK = 8_000

/** The http(s) addresses of a text, in order. Takes time in proportion to the text. */
export function textLinks(text: string): readonly TextLink[] {
  const links: TextLink[] = []
  for (const match of text.matchAll(CANDIDATE)) {
    const url = trimEnd(match[0])
    // Parsing an address costs more than its length, so that only reasonable ones are parsed.
    if (url.length > LONGEST_LINK || URL.canParse(url)) {
      links.push({ url, span: { start: match.index, end: match.index + url.length } })
    }
  }
  return links
}

/** Counts the brackets once, and takes off the count what it cuts off. */
function trimEnd(candidate: string): string {
  const counts = new Map<string, number>()
  for (const character of candidate) {
    if (IS_BRACKET.has(character)) counts.set(character, (counts.get(character) ?? 0) + 1)
  }
  const count = (character: string) => counts.get(character) ?? 0
  let end = candidate.length
  for (; end > 0; end--) {
    const last = candidate.charAt(end - 1)
    const opening = BRACKETS[last]
    if (opening !== undefined) {
      if (count(opening) >= count(last)) break
      counts.set(last, count(last) - 1)
    } else if (!TRAILING.has(last)) {
      break
    }
  }
  return candidate.slice(0, end)
}
