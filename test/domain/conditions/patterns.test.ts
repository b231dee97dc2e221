/** Patterns take time in proportion to the text. Each of these takes a backtracking engine longer than anybody waits. */
import { describe, expect, it } from 'vitest'
import { compilePattern, longestMatchedText, patternProblem } from '../../../domain/conditions/patterns.ts'
import { payloadProblems, schemaProblem } from '../../../domain/triggers/payloadSchema.ts'

const full = (text: string) => text.repeat(longestMatchedText).slice(0, longestMatchedText - 1)

describe('a pattern', () => {
  it.each([
    ['exponential: optional parts', `^${'a?'.repeat(27)}${'a'.repeat(27)}$`, `${'a'.repeat(26)}!`],
    ['exponential: equal alternatives', `^${'(a|a)'.repeat(26)}$`, `${'a'.repeat(25)}!`],
    ['exponential: nested repetitions', '^(a+)+$', `${full('a')}!`],
    ['cubic: parts that may each take all', '^.*.*.*x$', full('a')],
    ['a state for each place', '([ab]*a[ab]{300})+c', full('abaab')],
  ])('%s', (_, pattern, text) => {
    expect(patternProblem(pattern)).toBeNull()
    const compiled = compilePattern(pattern)
    expect(compiled.ok && compiled.pattern.test(text)).toBe(false)
    const schema = { type: 'object', additionalProperties: { type: 'string', pattern } }
    expect(schemaProblem(schema)).toBeNull()
    expect(payloadProblems(schema, { a: text }, '')).toHaveLength(1)
  })

  it.each([
    ['(?=a)b', /ahead/],
    ['(?!a)b', /ahead/],
    ['(?<=a)b', /behind/],
    ['(?<!a)b', /behind/],
    ['(a)\\1', /references back/],
    ['(?<x>a)\\k<x>', /references back/],
    ['(', /missing closing \)/],
    ['[z-a]', /range/],
    ['a**', /repetition/],
  ])('that RE2 does not know is refused, and it is said why: %s', (pattern, message) => {
    expect(patternProblem(pattern)).toMatch(message)
    const problem = schemaProblem({ type: 'object', properties: { a: { type: 'string', pattern } } })
    expect(problem).not.toBeNull()
  })
})

describe('a format', () => {
  it.each([
    ['url', `http://${':'.repeat(3_900)}`],
    ['url', `http://${'a-'.repeat(1_900)}^`],
    ['email', `a@${'a-a.'.repeat(900)}!`],
    ['uri', `a:${'%'.repeat(3_900)}`],
    ['uri-template', `${'{a'.repeat(1_900)}`],
    ['duration', `P${'1'.repeat(3_900)}`],
    ['hostname', `${'a-'.repeat(1_900)}`],
    ['byte', `${'A'.repeat(1_000_001)}`],
    ['regex', '('.repeat(1_000_000)],
  ])('%s takes time in proportion to the text', (format, text) => {
    const schema = { type: 'object', additionalProperties: { type: 'string', format } }
    const payload = Object.fromEntries(Array.from({ length: 20 }, (_, i) => [`k${i}`, text]))
    expect(payloadProblems(schema, payload, '')).not.toEqual([])
  })

  it.each([
    ['url', 'https://www.example.com/a?b=c#d', 'example.com/a'],
    ['uri', 'urn:isbn:0451450523', '/a/b'],
    ['uri-reference', '/a/b?c#d', 'a b'],
    ['email', 'ada@example.com', 'ada@'],
    ['hostname', 'www.example.com', '-a.example'],
    ['hostname', 'example.com.', `${'a'.repeat(64)}.example`],
    ['duration', 'P1Y2M3DT4H5M6S', 'P'],
    ['duration', 'P2W', 'P1DT'],
    ['byte', 'QUJD', 'QUJ'],
    ['date-time', '2026-11-23T12:00:00Z', '2026-13-23T12:00:00Z'],
    ['date', '2026-11-23', '2026-11-31'],
    ['ipv4', '192.0.2.1', '192.0.2.256'],
    ['ipv6', '2001:db8::1', '2001:db8::1::'],
    ['uuid', '123e4567-e89b-12d3-a456-426614174000', '123e4567'],
    ['json-pointer', '/a~1b', '/a~2'],
    ['regex', '^a+$', '('],
  ])('%s takes %s and not %s', (format, good, bad) => {
    const schema = { type: 'object', additionalProperties: { type: 'string', format } }
    expect(payloadProblems(schema, { a: good }, '')).toEqual([])
    expect(payloadProblems(schema, { a: bad }, '')).toHaveLength(1)
  })

  it('is refused where what it repeats makes too many steps of few repetitions', () => {
    expect(patternProblem('^(abc){900}$')).toMatch(/repeats too much/)
    expect(patternProblem('^(abc){100}$')).toBeNull()
  })

  it('fits no text that is longer than what it is tried on', () => {
    const compiled = compilePattern('^a+$')
    const tried = [0, 1].map(
      (more) => compiled.ok && compiled.pattern.test('a'.repeat(longestMatchedText + more)),
    )
    expect(tried).toEqual([true, false])
  })
})
