/**
 * Counts what strangers get wrong, per network address, and says who has to wait. A strike weighs 1 and is forgotten at a steady
 * pace; an address whose strikes weigh more than it may have waits until enough is forgotten.
 *
 * Memory is bounded: of too many addresses the one that was heard of longest ago is forgotten first. Somebody with that many
 * addresses is not stopped by counting addresses anyway.
 */
export class Strikes {
  readonly #burst: number
  readonly #perSecond: number
  readonly #most: number
  /** Weight at a moment, the one changed last at the end. */
  readonly #kept = new Map<string, { weight: number; at: number }>()

  /**
   * @param limits.burst strikes that one address may have at once
   * @param limits.perSecond strikes forgotten in a second
   * @param limits.most addresses kept
   */
  constructor(limits: { burst: number; perSecond: number; most?: number }) {
    this.#burst = limits.burst
    this.#perSecond = limits.perSecond
    this.#most = limits.most ?? 20_000
  }

  get size(): number {
    return this.#kept.size
  }

  /** @param now seconds, of a clock that never goes back */
  add(address: string, now: number): void {
    const weight = Math.min(this.#weight(address, now) + 1, this.#burst + 1)
    this.#kept.delete(address)
    this.#kept.set(address, { weight, at: now })
    if (this.#kept.size <= this.#most) return
    const [oldest] = this.#kept.keys()
    if (oldest !== undefined) this.#kept.delete(oldest)
  }

  /** Whole seconds until the address may try again; 0: it may now. */
  wait(address: string, now: number): number {
    const over = this.#weight(address, now) - this.#burst
    return over <= 0 ? 0 : Math.max(1, Math.ceil(over / this.#perSecond))
  }

  #weight(address: string, now: number): number {
    const kept = this.#kept.get(address)
    return kept === undefined ? 0 : Math.max(0, kept.weight - (now - kept.at) * this.#perSecond)
  }
}
