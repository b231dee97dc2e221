/**
 * A channel whose provider lives in this process: it implements `Channel<Prepared>` as one with a network behind it does, records what
 * it is asked for, in order, and does what a test planned. Registered as `email`, since messages have no other channel yet.
 */
import type { Channel, Outgoing, Prepared, Slot } from '../../channels/channel.ts'
import { Channels } from '../../channels/registry.ts'
import type { Fault } from '../../domain/delivery/faults.ts'
import type { HandOverOutcome } from '../../domain/delivery/outcome.ts'
import type { FieldError } from '../../domain/refusal.ts'
import type { Profile } from '../../domain/shapes/profile.ts'

/** What happens to one attempt for a recipient. What was planned is used up, one conduct for each attempt; then all goes well. */
export type Conduct =
  | { at: 'prepare' | 'acquire'; fault: Fault }
  /** Before the body. */
  | { at: 'hand-over'; outcome: HandOverOutcome }
  /** After the body: the provider took the message, or did not, and answers nothing. */
  | { at: 'answer'; taken: boolean }
  /** After the body. */
  | { at: 'answer'; outcome: HandOverOutcome }

export type Recorded = Prepared & { readonly id: string; readonly to: string; readonly text: string }

/** `look`: what the test asked to be recorded at that moment. */
export type Call = { step: 'prepare' | 'acquire' | 'hand-over' | 'body'; id: string; look: unknown }

export class RecordingChannel implements Channel<Recorded> {
  readonly key = 'email'
  readonly idempotent: boolean
  readonly calls: Call[] = []
  /** What people received, by id. A provider that takes an idempotency key makes one message of each id. */
  readonly received: Recorded[] = []
  /** Asked at each call. */
  look: (id: string) => Promise<unknown> = async () => null
  readonly #plans = new Map<string, Conduct[]>()
  /** The newest message that was prepared: `acquire` is not told what for. Tests that read it send one message at a time. */
  #newest: Recorded | null = null

  constructor(options: { idempotent: boolean }) {
    this.idempotent = options.idempotent
  }

  /** For `startAssent({ channels })`. */
  registry(): Channels {
    return new Channels([this])
  }

  plan(to: string, ...conducts: Conduct[]): void {
    this.#plans.set(to, [...(this.#plans.get(to) ?? []), ...conducts])
  }

  steps(id: string): [Call['step'], unknown][] {
    return this.calls.filter((call) => call.id === id).map(({ step, look }) => [step, look])
  }

  /** How often the body of this delivery began to flow. */
  bodies(id: string): number {
    return this.calls.filter((call) => call.id === id && call.step === 'body').length
  }

  async prepare({ id, to, message }: Outgoing): Promise<Recorded> {
    await this.#record('prepare', id)
    const fault = this.#take(to, 'prepare')
    if (fault?.at === 'prepare') throw fault.fault
    this.#newest = { providerId: `recorded:${id}`, id, to, text: message.text }
    return this.#newest
  }

  async acquire(): Promise<Slot<Recorded>> {
    const newest = this.#newest
    // Taken at once, so that a probe, which acquires too, is never taken for a delivery.
    this.#newest = null
    if (newest !== null) {
      await this.#record('acquire', newest.id)
      const fault = this.#take(newest.to, 'acquire')
      if (fault?.at === 'acquire') throw fault.fault
    }
    return { handOver: (prepared, beforeBody) => this.#handOver(prepared, beforeBody), release: () => {} }
  }

  async checkSender(_: Profile): Promise<readonly FieldError[]> {
    return []
  }

  async close(): Promise<void> {}

  async #handOver(prepared: Recorded, beforeBody: () => Promise<boolean>): Promise<HandOverOutcome> {
    const { id, to } = prepared
    await this.#record('hand-over', id)
    const early = this.#take(to, 'hand-over')
    if (early?.at === 'hand-over') return early.outcome
    if (!(await beforeBody())) return { kind: 'forestalled' }
    await this.#record('body', id)
    const conduct = this.#take(to, 'answer')
    if (conduct?.at === 'answer' && 'outcome' in conduct) return conduct.outcome
    const taken = conduct?.at === 'answer' ? conduct.taken : true
    const known = this.idempotent && this.received.some((one) => one.id === id)
    if (taken && !known) this.received.push(prepared)
    if (conduct !== null) return { kind: 'unknown', cause: 'as planned' }
    return { kind: 'accepted', answer: { status: 'queued', text: 'taken' } }
  }

  async #record(step: Call['step'], id: string): Promise<void> {
    this.calls.push({ step, id, look: await this.look(id) })
  }

  /** The next conduct of the recipient, if this is its place. */
  #take(to: string, at: Conduct['at']): Conduct | null {
    const plan = this.#plans.get(to)
    return plan?.[0]?.at === at ? (plan.shift() ?? null) : null
  }
}
