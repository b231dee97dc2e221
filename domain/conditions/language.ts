/**
 * The language of conditions: CEL (cel.dev) over `contact`, `trigger`, `event`, `consent` and `now`, adapted to JSON.
 *
 * JSON has one kind of number, CEL has several: a number of a payload or an attribute is a double, and here doubles and
 * integers compare and calculate with each other, so that `trigger.count + 1 >= 3` and `trigger.value >= 20.0` both
 * mean what an author expects. Division of JSON numbers is not rounded.
 */
import { Environment, EvaluationError, type ParseResult } from '@marcbachmann/cel-js'
import { meter, spend } from './budget.ts'
import { compilePattern, longestMatchedText, patternProblem } from './patterns.ts'

/** The longest condition, in characters. */
export const longestCondition = 2000

/**
 * The library's own `matches` accepts any pattern on any text and cannot be overridden, so calls to it are redirected
 * to this one.
 */
const guarded = 'matchesWithinBounds'

export const timestampType = 'google.protobuf.Timestamp'

/** The variables of an expression without a received event. */
export const withoutEvent = environment()
/** The same, and `event`. */
export const withEvent = environment().registerVariable('event', 'map<string, dyn>')

/** Something wrong with the text of a condition: where (0-based offset), if known. */
export type Wrong = { ok: false; message: string; position?: number }

/** A condition that was parsed and type-checked; `type` is what it gives. */
export type Compiled = { ok: true; type: string; run: ParseResult } | Wrong

/** Parses and type-checks a condition. Never throws. */
export function compile(text: string, language: Environment): Compiled {
  if (text.length > longestCondition)
    return { ok: false, message: `a condition has at most ${longestCondition} characters` }
  try {
    const run = language.parse(text)
    const wrong = guardPatterns(run.ast) ?? guardWalks(run.ast, false)
    if (wrong) return wrong
    const checked = run.check()
    if (!checked.valid) return describe(checked.error)
    meter(run.ast)
    return { ok: true, type: checked.type ?? 'dyn', run }
  } catch (error) {
    return describe(error)
  }
}

/** No data was read yet, so the library's message quotes only the text. */
function describe(error: unknown): Wrong {
  const { summary, range } = readError(error)
  const message = (summary ?? 'not a condition')
    .replaceAll('google.protobuf.Timestamp', 'timestamp')
    .replaceAll('google.protobuf.Duration', 'duration')
    .replaceAll(guarded, 'matches')
  return { ok: false, message, ...(range && { position: range.start }) }
}

/** The code and message of a library error; null for other errors. */
export function readError(error: unknown): {
  code?: string
  summary?: string
  range?: { start: number; end: number }
} {
  if (!(error instanceof Error)) return {}
  const found: ReturnType<typeof readError> = {}
  if ('code' in error && typeof error.code === 'string') found.code = error.code
  if ('summary' in error && typeof error.summary === 'string') found.summary = error.summary
  if ('range' in error && typeof error.range === 'object' && error.range !== null) {
    const { range } = error
    if (
      'start' in range &&
      'end' in range &&
      typeof range.start === 'number' &&
      typeof range.end === 'number'
    ) {
      found.range = { start: range.start, end: range.end }
    }
  }
  return found
}

/** Redirects every `matches` to the guarded one; returns the error of the first pattern that may not be used. */
function guardPatterns(node: unknown): Wrong | null {
  if (Array.isArray(node)) {
    for (const one of node) {
      const wrong = guardPatterns(one)
      if (wrong) return wrong
    }
    return null
  }
  if (typeof node !== 'object' || node === null || !('op' in node) || !('args' in node)) return null
  const { op, args } = node
  if (op === 'rcall' && Array.isArray(args) && (args[0] === 'matches' || args[0] === guarded)) {
    args[0] = guarded
    const pattern: unknown = Array.isArray(args[2]) ? args[2][0] : null
    const text = literal(pattern)
    const message = text === null ? 'matches() takes a pattern written in quotes' : patternProblem(text)
    if (message !== null) return { ok: false, message, ...positionOf(pattern) }
  }
  return guardPatterns(args)
}

/** The methods that visit each item of a list, or each key of a map. */
const walks: readonly unknown[] = ['all', 'exists', 'exists_one', 'map', 'filter']

/**
 * Refuses a walk through a list inside another: conditions are evaluated on untrusted payloads, and with the items of 1
 * MB quadratic time takes hours. One walk after another is allowed.
 */
function guardWalks(node: unknown, inside: boolean): Wrong | null {
  if (Array.isArray(node)) {
    for (const one of node) {
      const wrong = guardWalks(one, inside)
      if (wrong) return wrong
    }
    return null
  }
  if (typeof node !== 'object' || node === null || !('op' in node) || !('args' in node)) return null
  const { op, args } = node
  if (op !== 'rcall' || !Array.isArray(args) || !walks.includes(args[0])) return guardWalks(args, inside)
  if (inside) {
    const message = `${args[0]}() may not stand inside another walk through a list: it could take for ever`
    return { ok: false, message, ...positionOf(node) }
  }
  return guardWalks(args[1], inside) ?? guardWalks(args[2], true)
}

function literal(node: unknown): string | null {
  if (typeof node !== 'object' || node === null || !('op' in node) || !('args' in node)) return null
  return node.op === 'value' && typeof node.args === 'string' ? node.args : null
}

function positionOf(node: unknown): { position?: number } {
  return typeof node === 'object' && node !== null && 'start' in node && typeof node.start === 'number'
    ? { position: node.start }
    : {}
}

function environment(): Environment {
  const language = new Environment({
    homogeneousAggregateLiterals: false,
    limits: { maxAstNodes: 500, maxDepth: 40, maxListElements: 200, maxMapEntries: 50, maxCallArguments: 8 },
  })
    .registerVariable('contact', {
      schema: {
        externalId: 'dyn',
        kind: 'dyn',
        account: 'dyn',
        email: 'dyn',
        phone: 'dyn',
        addresses: 'map<string, dyn>',
        postalAddress: 'dyn',
        attributes: 'map<string, dyn>',
        locale: 'dyn',
        timeZone: 'dyn',
      },
    })
    .registerVariable('trigger', 'map<string, dyn>')
    .registerVariable('consent', 'map<string, map<string, dyn>>')
    .registerVariable('now', timestampType)
  registerMixedArithmetic(language)
  language.registerFunction(`timestamp(double): ${timestampType}`, (seconds: number) => {
    const moment = new Date(seconds * 1000)
    if (Number.isNaN(moment.getTime()))
      throw new EvaluationError({ code: 'invalid_timestamp', message: 'not a time' })
    return moment
  })
  language.registerFunction(`string.${guarded}(string): bool`, (text: string, pattern: string) => {
    if (text.length > longestMatchedText)
      throw new EvaluationError({ code: 'text_too_long', message: 'too long' })
    const compiled = compilePattern(pattern)
    if (!compiled.ok)
      throw new EvaluationError({ code: 'invalid_regular_expression', message: compiled.message })
    spend((text.length * compiled.pattern.size) / 16)
    return compiled.pattern.test(text)
  })
  return language
}

type Calculation = (left: number, right: number) => number

function registerMixedArithmetic(language: Environment): void {
  const calculations: [string, Calculation][] = [
    ['+', (left, right) => left + right],
    ['-', (left, right) => left - right],
    ['*', (left, right) => left * right],
    ['/', (left, right) => left / right],
    ['%', (left, right) => left % right],
  ]
  for (const [sign, calculate] of calculations) {
    const mixed = (left: number | bigint, right: number | bigint) => calculate(Number(left), Number(right))
    language.registerOperator(`double ${sign} int: double`, mixed)
    language.registerOperator(`int ${sign} double: double`, mixed)
    if (sign === '%') language.registerOperator('double % double: double', mixed)
  }
  language.registerOperator('double == int: bool', (left: number, right: bigint) => left === Number(right))
}
