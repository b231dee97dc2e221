/**
 * Counts failed requests from unauthenticated callers, per network address, and tells which address has to wait. A
 * strike weighs 1 and decays at a steady pace. An address above its limit waits until enough has decayed.
 *
 * Memory is bounded: if there are too many addresses, the one not seen for the longest time is dropped first. A caller
 * with that many addresses cannot be stopped by counting addresses anyway.
 */
export class Strikes {
  readonly #burst: number
  readonly #perSecond: number
  readonly #most: number
  /** Weight at a moment; the most recently changed address is last. */
  readonly #kept = new Map<string, { weight: number; at: number }>()

  /**
   * @param limits.burst strikes that one address may have before it must wait
   * @param limits.perSecond strikes that decay per second
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
