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

/** The http(s) addresses of a text, in order. */
export function textLinks(text: string): readonly TextLink[] {
  const links: TextLink[] = []
  for (const match of text.matchAll(CANDIDATE)) {
    const url = trimEnd(match[0])
    if (URL.canParse(url)) links.push({ url, span: { start: match.index, end: match.index + url.length } })
  }
  return links
}

function trimEnd(candidate: string): string {
  let end = candidate.length
  for (; end > 0; end--) {
    const last = candidate.charAt(end - 1)
    const opening = BRACKETS[last]
    if (opening === undefined) {
      if (!TRAILING.has(last)) break
    } else if (count(candidate, opening, end) >= count(candidate, last, end)) {
      break
    }
  }
  return candidate.slice(0, end)
}

function count(text: string, character: string, end: number): number {
  let found = 0
  for (let at = 0; at < end; at++) if (text.charAt(at) === character) found++
  return found
}
