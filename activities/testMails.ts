/**
 * Sends the test mails that the API has accepted, one at a time, over the same channel as the worker's activities. The queue is a table
 * and not a workflow, because a test mail has no journey, no waits and no signals.
 */
import type { Outgoing } from '../channels/channel.ts'
import type { Channels } from '../channels/registry.ts'
import { isFault, MessageFault } from '../domain/delivery/faults.ts'
import type { Deps } from '../transactions/deps.ts'
import {
  failTestMail,
  giveUpTestMails,
  markTestMail,
  nextTestMail,
  putBackTestMail,
  settleTestMail,
  type TakenTestMail,
  takeTestMail,
} from '../transactions/testMails/sendTestMail.ts'

export type TestMailsOptions = {
  deps: Deps
  channels: Channels
  /** Milliseconds between two polls of the queue. */
  interval?: number
}

/** Polls of the queue between two searches for mails whose worker died. */
const looksPerSearch = 300

export class TestMails {
  readonly #options: TestMailsOptions
  readonly #stopping = new AbortController()
  #timer: NodeJS.Timeout | null = null
  #working: Promise<void> | null = null
  #looks = 0

  constructor(options: TestMailsOptions) {
    this.#options = options
  }

  start(): void {
    this.#timer = setInterval(() => {
      this.#working ??= this.#look().finally(() => {
        this.#working = null
      })
    }, this.#options.interval ?? 1_000)
  }

  /** Finishes the current mail. */
  async stop(): Promise<void> {
    if (this.#timer !== null) clearInterval(this.#timer)
    this.#stopping.abort()
    await this.#working
  }

  async #look(): Promise<void> {
    const { deps } = this.#options
    try {
      if (this.#looks++ % looksPerSearch === 0) await giveUpTestMails(deps)
      for (let id = await nextTestMail(deps); id !== null; id = await nextTestMail(deps)) {
        if (this.#stopping.signal.aborted) return
        const taken = await takeTestMail(deps, id)
        if (taken !== null) await this.#send(taken)
      }
    } catch (error) {
      const kind = error instanceof Error ? error.name : 'unknown'
      deps.log.error({ kind }, 'Test mails could not be sent. They are tried again.')
    }
  }

  async #send(taken: TakenTestMail): Promise<void> {
    const { deps, channels } = this.#options
    try {
      const channel = channels.get('email')
      const prepared = await channel.prepare(await outgoingOf(deps, taken))
      const slot = await channel.acquire({ signal: this.#stopping.signal })
      try {
        const outcome = await slot.handOver(prepared, () => markTestMail(deps, taken))
        await settleTestMail(deps, taken, outcome)
      } finally {
        slot.release()
      }
    } catch (fault) {
      if (!isFault(fault)) throw fault
      if (fault instanceof MessageFault) await failTestMail(deps, taken, fault.reason)
      else await putBackTestMail(deps, taken, fault.reason)
    }
  }
}

async function outgoingOf(
  deps: Deps,
  { id, recipient, content, ...taken }: TakenTestMail,
): Promise<Outgoing> {
  const profile = await deps.versions.profile(deps.db, taken.profile, taken.profileVersion)
  return { id, to: recipient, profile, message: content, occasion: { kind: 'test' } }
}
