/**
 * Finds the URLs in a plain text as mail programs do: up to white space, a quote or an angle bracket, without
 * the punctuation of the surrounding sentence, and with a closing bracket only if it was opened inside.
 */
import type { Span } from './html.ts'

/** One address in a text. */
export type TextLink = { readonly url: string; readonly span: Span }

const CANDIDATE = /(?<![\p{L}\p{N}_])https?:\/\/[^\s<>"\p{Cc}]+/giu
const TRAILING = new Set([...".,;:!?'*…“”’»"])
const BRACKETS: Readonly<Record<string, string>> = { ')': '(', ']': '[', '}': '{' }
const IS_BRACKET = new Set('()[]{}')

/** Most characters of a URL. A longer one is found, but `checkRendered` refuses the mail. */
export const LONGEST_LINK = 8_000

/** The http(s) addresses of a text, in order. Takes time in proportion to the text. */
export function textLinks(text: string): readonly TextLink[] {
  const links: TextLink[] = []
  for (const match of text.matchAll(CANDIDATE)) {
    const url = trimEnd(match[0])
    // Parsing a URL takes more than linear time, so only URLs of reasonable length are parsed.
    if (url.length > LONGEST_LINK || URL.canParse(url)) {
      links.push({ url, span: { start: match.index, end: match.index + url.length } })
    }
  }
  return links
}

/** Counts the brackets once, and adjusts the count while trimming: linear time. */
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
