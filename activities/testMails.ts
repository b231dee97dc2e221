/**
 * Sends the test mails that the API has taken, one at a time, beside the worker's activities and over the same channel. A queue of
 * our own rather than a workflow: there is no journey in it, nothing to wait for, and nobody to tell.
 */
import type { EmailChannel } from '../channels/channel.ts'
import { composeMail } from '../channels/email/compose.ts'
import { messageIdOf, testMailHeaders } from '../domain/messages/headers.ts'
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
import { faultOf } from './faults.ts'
import { signingKey } from './render.ts'

export type TestMailsOptions = {
  deps: Deps
  email: EmailChannel
  /** Milliseconds between two looks at the queue. */
  interval?: number
}

/** Looks at the queue between two searches for mails whose worker died. */
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

  /** Finishes the mail it is at. */
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
      deps.log.error({ kind }, 'the test mails could not be worked on; they are tried again')
    }
  }

  async #send(taken: TakenTestMail): Promise<void> {
    const { deps, email } = this.#options
    try {
      const mail = await compose(deps, taken)
      const slot = await email.acquire({ signal: this.#stopping.signal })
      try {
        const outcome = await slot.handOver(mail, () => markTestMail(deps, taken))
        await settleTestMail(deps, taken, outcome)
      } finally {
        slot.release()
      }
    } catch (error) {
      const fault = faultOf(error)
      if (fault === null) throw error
      if (fault.kind === 'message') await failTestMail(deps, taken, fault.reason)
      else await putBackTestMail(deps, taken, fault.reason)
    }
  }
}

async function compose(deps: Deps, { id, recipient, content, ...taken }: TakenTestMail) {
  const profile = await deps.versions.profile(deps.db, taken.profile, taken.profileVersion)
  const { name, email } = profile.sender
  return composeMail({
    from: { name, email },
    to: recipient,
    message: content,
    messageId: messageIdOf(`test:${id}`, email),
    date: new Date(),
    headers: testMailHeaders(id),
    dkim: await signingKey(deps, profile),
  })
}
