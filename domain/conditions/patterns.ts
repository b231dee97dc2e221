/**
 * Regular expressions of `matches()` in conditions, and of `pattern` and `patternProperties` in triggers' schemas.
 * Pattern and text are untrusted, so they run on RE2 (github.com/google/re2), which takes time proportional to the text
 * for every pattern. Constructs that RE2 lacks (lookahead, lookbehind, backreferences) are refused when the journey or
 * trigger is put.
 */
import { RE2JS } from 're2js'

/**
 * The longest text a pattern is tried on, in UTF-16 units. A longer one fits no pattern; in a condition it cannot be
 * evaluated.
 */
export const longestMatchedText = 4_000

/** Characters of a pattern. */
const longestPattern = 1_000
/**
 * Steps of the compiled pattern; each repetition `{n}` counts n times. Time is the text's length times this at the
 * worst.
 */
const largestPattern = 1_000
const mostCached = 1_000

/** A pattern that can be used. */
type Pattern = {
  /** Whether it fits anywhere in the text. */
  test(text: string): boolean
  /** Steps of the compiled pattern: what a character of text costs at the worst. */
  readonly size: number
}

export type CompiledPattern =
  | { readonly ok: true; readonly pattern: Pattern }
  | { readonly ok: false; readonly message: string }

const NO_REFERENCES = 'patterns know no references back to a group (RE2)'

const cache = new Map<string, CompiledPattern>()

/** Compiles a pattern, or takes it from the cache. Never throws: the message says what is wrong. */
export function compilePattern(text: string): CompiledPattern {
  const known = cache.get(text)
  const compiled = known ?? compile(text)
  if (known) cache.delete(text)
  cache.set(text, compiled)
  const [oldest] = cache.keys()
  if (cache.size > mostCached && oldest !== undefined) cache.delete(oldest)
  return compiled
}

/** What is wrong with a pattern, or null. */
export function patternProblem(text: string): string | null {
  const compiled = compilePattern(text)
  return compiled.ok ? null : compiled.message
}

function compile(text: string): CompiledPattern {
  if (text.length > longestPattern) return wrong(`a pattern has at most ${longestPattern} characters`)
  // The translation would turn it into a letter.
  if (/(?<!\\)(?:\\\\)*\\k/.test(text)) return wrong(NO_REFERENCES)
  // Compiling expands repetitions: a pattern that would be refused for its size is not compiled first.
  const repeated = repetitionsIn(text)
  if (repeated > largestPattern) return tooLarge(repeated)
  let expression: RE2JS
  try {
    expression = RE2JS.compile(RE2JS.translateRegExp(text))
  } catch (error) {
    return wrong(explain(text, error instanceof Error ? error.message : ''))
  }
  const size = expression.programSize()
  if (size > largestPattern) return tooLarge(size)
  return {
    ok: true,
    pattern: { size, test: (tried) => tried.length <= longestMatchedText && expression.test(tried) },
  }
}

/** The sum of all counted repetitions, `{n}` and `{m,n}`: the pattern takes at least so many steps. */
function repetitionsIn(text: string): number {
  let sum = 0
  for (const [, least, most] of text.matchAll(/(?<!\\)\{(\d{1,9})(?:,(\d{0,9}))?\}/g)) {
    sum += Math.max(Number(least), Number(most ?? 0))
  }
  return sum
}

function tooLarge(steps: number): CompiledPattern {
  return wrong(`the pattern repeats too much: it takes ${steps} steps, and ${largestPattern} are allowed`)
}

/** The library's words, and in plain ones what JavaScript knows and RE2 does not. */
function explain(text: string, message: string): string {
  if (/\(\?<?[=!]/.test(message)) return 'patterns know no looking ahead or behind (RE2)'
  if (/`\\[1-9]/.test(message)) return NO_REFERENCES
  const detail = message.replace(/^error parsing regexp: /, '')
  return text === '' ? 'the pattern is empty' : `not a regular expression that RE2 knows: ${detail}`
}

function wrong(message: string): CompiledPattern {
  return { ok: false, message }
}
