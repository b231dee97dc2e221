/**
 * Which patterns `matches()` may use, and on how long a text. The engine's regular expressions backtrack, and conditions are
 * evaluated on what strangers send: a pattern that could take for ever is refused when the journey is checked, never tried.
 */

/** The longest text `matches()` looks at, in UTF-16 units; on a longer one the condition cannot be evaluated. */
export const longestMatchedText = 256

const longestPattern = 200
const mostRepetitions = 3

/** What is wrong with a pattern, or null. */
export function patternProblem(pattern: string): string | null {
  if (pattern.length > longestPattern) return `a pattern has at most ${longestPattern} characters`
  try {
    new RegExp(pattern)
  } catch {
    return 'not a regular expression'
  }
  // Classes and escapes hide characters that mean something elsewhere: each is one letter from here on.
  if (/\\(?:[1-9]|k<)/.test(pattern)) return 'patterns know no references back to a group'
  const bare = pattern.replace(/\\(?:[pP]\{[^}]*\}|u\{[^}]*\}|.)/gs, 'x').replace(/\[[^\]]*\]/g, 'x')
  if (/\(\?(?!:)/.test(bare))
    return 'patterns know no looking ahead or behind and no named groups, only "(" and "(?:"'
  if (repeatsWays(bare)) {
    return 'a group that is repeated must not itself repeat anything or offer alternatives: it could take for ever'
  }
  const repetitions = bare.match(/[*+]|\{\d+,\d*\}/g)?.length ?? 0
  if (repetitions > mostRepetitions) return `a pattern repeats at most ${mostRepetitions} parts`
  return null
}

/** Whether a repeated group contains a repetition or an alternative. `bare` is balanced: it compiled. */
function repeatsWays(bare: string): boolean {
  const open: boolean[] = []
  for (let i = 0; i < bare.length; i++) {
    const char = bare[i]
    if (char === '(') {
      open.push(false)
      if (bare.startsWith('(?:', i)) i += 2
    } else if (char === ')') {
      const several = open.pop() ?? false
      const repeated = /^(?:[*+]|\{\d)/.test(bare.slice(i + 1))
      if (several && repeated) return true
      if ((several || repeated) && open.length > 0) open[open.length - 1] = true
    } else if (
      (char === '|' || char === '*' || char === '+' || char === '?' || char === '{') &&
      open.length > 0
    ) {
      open[open.length - 1] = true
    }
  }
  return false
}
