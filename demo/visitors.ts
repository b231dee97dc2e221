/** Who is in the shop: kept in memory, known by a random cookie, forgotten when the shop ends. */
import { randomBytes } from 'node:crypto'
import type { Problem } from './assent.ts'

/** One thing a visitor did, and what Assent answered. */
export interface Action {
  readonly at: Date
  readonly title: string
  /** As a developer would write it: method and path. */
  readonly request: string
  /** HTTP status of the answer; 0 where there was none. */
  readonly status: number
  readonly problem: Problem | null
  /** What to make of the answer, in a sentence. */
  readonly remark: string
  readonly runs: readonly string[]
  readonly doubleOptIn: string | null
}

export interface Visitor {
  readonly id: string
  email: string
  name: string
  /** The cart stays the same until it is bought. */
  cart: string
  chosen: readonly string[]
  /** Newest first. */
  actions: readonly Action[]
  /** What was wrong with the last form; shown once. */
  complaint: { readonly form: 'cart' | 'sign-up'; readonly text: string } | null
}

const mostVisitors = 500
const mostActions = 8

export class Visitors {
  readonly #visitors = new Map<string, Visitor>()

  find(id: string | undefined): Visitor | undefined {
    return id === undefined ? undefined : this.#visitors.get(id)
  }

  /** A visitor seen for the first time; where there are too many, the oldest is forgotten. */
  welcome(): Visitor {
    const visitor: Visitor = {
      id: randomBytes(24).toString('base64url'),
      email: '',
      name: '',
      cart: newCart(),
      chosen: ['lantern', 'mug'],
      actions: [],
      complaint: null,
    }
    this.#visitors.set(visitor.id, visitor)
    const [oldest] = this.#visitors.keys()
    if (this.#visitors.size > mostVisitors && oldest !== undefined) this.#visitors.delete(oldest)
    return visitor
  }
}

export function newCart(): string {
  return `cart-${randomBytes(6).toString('hex')}`
}

export function remember(visitor: Visitor, action: Action): void {
  visitor.actions = [action, ...visitor.actions].slice(0, mostActions)
}
