/**
 * Bounds the cost of evaluating a condition. Condition and payload are untrusted, and the evaluation often runs under a
 * contact's lock, so each evaluation has a budget of work. Work is counted, not measured by a clock: the same condition
 * on the same data gives the same result on every machine. Each operation that grows with the data is charged before it
 * runs: the items of a walk, the items and characters that are joined, compared or searched. So the budget bounds both
 * time and memory.
 *
 * The library has no such limit. Each node of a checked expression has a `handle` that processes the node's operands;
 * `meter` wraps it with the charge. `test/domain/conditions/budget.test.ts` fails if a new version of the library
 * changes this.
 */
import { EvaluationError } from '@marcbachmann/cel-js'

/**
 * Units of work for one evaluation. A unit takes up to a tenth of a microsecond, so the whole budget takes 20
 * milliseconds at worst.
 */
const mostWork = 200_000

/** Code of the error of an evaluation that exceeds its budget. */
export const tooCostly = 'too_costly'

let left = 0

/**
 * Runs an evaluation with a fresh budget.
 * @throws EvaluationError `too_costly`, even if the expression itself would absorb it
 */
export function withBudget<T>(evaluate: () => T): T {
  left = mostWork
  const traces = Error.stackTraceLimit
  // A walk may meet an error at each item and continue. These stacks are never read, and collecting them is expensive.
  Error.stackTraceLimit = 0
  try {
    const value = evaluate()
    if (left < 0) throw exceeded()
    return value
  } finally {
    Error.stackTraceLimit = traces
  }
}

/** Charges work to the budget. @throws EvaluationError if the budget does not suffice */
export function spend(work: number): void {
  left -= 1 + work
  if (left < 0) throw exceeded()
}

/** Wraps the `handle` of each node of a checked expression with its charge. */
export function meter(ast: unknown): void {
  for (const node of nodesBelow(ast)) {
    const { handle } = node
    const costs = costsOf(node)
    if (typeof handle !== 'function' || costs === null) continue
    node.handle = (...operands: unknown[]): unknown => {
      spend(costs(operands))
      return Reflect.apply(handle, node, operands)
    }
  }
}

function exceeded(): EvaluationError {
  return new EvaluationError({ code: tooCostly, message: 'takes too much work' })
}

type Node = { op: string; args: unknown; meta?: unknown; handle?: unknown }
/** Work of one call of a node's `handle`. */
type Costs = (operands: readonly unknown[]) => number

function costsOf({ op, args }: Node): Costs | null {
  switch (op) {
    case '+':
      return ([one, other]) => lengthOf(one) + lengthOf(other)
    case '==':
    case '!=':
      return ([one, other]) => costOfEqual(one, other)
    case '<':
    case '<=':
    case '>':
    case '>=':
      return ([one, other]) => Math.min(lengthOf(one), lengthOf(other))
    case 'in':
      return ([one, many]) => costOfIn(one, many)
    case 'call':
    case 'rcall': {
      const name: unknown = Array.isArray(args) ? args[0] : null
      return ([operands]) => (Array.isArray(operands) ? costOfCall(name, operands) : 0)
    }
    case 'comprehension': {
      const step = isObject(args) && 'step' in args ? args.step : null
      const work = 8 + nodesBelow(step).length
      return ([list]) => work * itemsOf(list)
    }
    default:
      // Fields, literals, choices: their cost is bounded by the length of the condition.
      return null
  }
}

/** Characters that take about as long as one item: they are copied and compared in bulk. */
const charactersAUnit = 64

/** The work of visiting each item, or all of a text. */
function lengthOf(value: unknown): number {
  if (typeof value === 'string') return value.length / charactersAUnit
  if (value instanceof Uint8Array) return value.length / 8
  return itemsOf(value)
}

function itemsOf(value: unknown): number {
  if (Array.isArray(value)) return value.length
  if (value instanceof Map || value instanceof Set) return value.size
  if (!isObject(value) || value instanceof Date) return 0
  // Member names cost more than list indexes.
  let work = 0
  for (const _ in value) {
    work += 2
    if (work > left) break
  }
  return work
}

/** Lists and maps are compared item by item, at any depth; a shared value counts once for each occurrence. */
function costOfEqual(one: unknown, other: unknown): number {
  if (!isObject(one) || !isObject(other)) return Math.min(lengthOf(one), lengthOf(other))
  return deepSizeOf(one, left)
}

/** Counts the items in a value; stops above `most`. */
function deepSizeOf(value: unknown, most: number): number {
  if (!isObject(value) || value instanceof Date) return 1 + lengthOf(value)
  const items = value instanceof Map || value instanceof Set ? value.values() : Object.values(value)
  let size = 1
  for (const item of items) {
    size += deepSizeOf(item, most - size)
    if (size > most) return size
  }
  return size
}

function costOfIn(one: unknown, many: unknown): number {
  if (!Array.isArray(many)) return 0
  if (isObject(one)) return deepSizeOf(many, left)
  return many.length * (1 + lengthOf(one))
}

/** Calls visit each operand once, except these. */
function costOfCall(name: unknown, operands: readonly unknown[]): number {
  const [first, second] = operands
  switch (name) {
    case 'contains':
    case 'indexOf':
    case 'lastIndexOf':
    case 'split':
      // At worst the search text is compared at each position of the text.
      return typeof first === 'string' && typeof second === 'string'
        ? 1 + (first.length * (1 + second.length)) / 128
        : 0
    case 'join':
      return Array.isArray(first) ? costOfJoin(first, second) : 0
    case 'duration':
      return typeof first === 'string' ? first.length ** 2 / 64 : 0
    case 'size':
      return typeof first === 'string' ? first.length / 8 : lengthOf(first)
    case 'json':
      return first instanceof Uint8Array ? first.length : 0
    default:
      return operands.reduce<number>((sum, one) => sum + lengthOf(one), isOfZone(name, operands) ? 500 : 0)
  }
}

function costOfJoin(list: readonly unknown[], separator: unknown): number {
  let characters = 0
  for (const item of list) characters += typeof item === 'string' ? item.length : 0
  if (typeof separator === 'string') characters += list.length * separator.length
  return list.length + characters / charactersAUnit
}

/** The library computes a time in a zone through its text form, which is slow. */
function isOfZone(name: unknown, operands: readonly unknown[]): boolean {
  return typeof name === 'string' && name.startsWith('get') && operands.length > 1
}

/** All nodes of an expression, those that a macro was expanded to included. */
function nodesBelow(root: unknown): readonly Node[] {
  const nodes: Node[] = []
  const seen = new Set<unknown>()
  const open: unknown[] = [root]
  for (let value = open.pop(); open.length > 0 || value !== undefined; value = open.pop()) {
    if (!isObject(value) || seen.has(value)) continue
    seen.add(value)
    if (Array.isArray(value)) {
      open.push(...value)
    } else if (isNode(value)) {
      nodes.push(value)
      open.push(value.args, value.meta)
    } else if (Object.getPrototypeOf(value) === Object.prototype) {
      open.push(...Object.values(value))
    }
  }
  return nodes
}

function isNode(value: object): value is Node {
  return 'op' in value && typeof value.op === 'string' && 'args' in value
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null
}
