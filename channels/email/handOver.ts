/**
 * One mail on one connection: MAIL, RCPT, DATA, and the body behind its gate.
 *
 * before   the server has not asked for the body; no byte of it has flowed
 * asking   the server asked for the body (354) and `beforeBody` is running; still no byte
 * flowing  `beforeBody` returned true and the connection was still open: from here on the server may have the mail
 *
 * It ends with a complete reply, a lost connection, the deadline, or false from `beforeBody`. If `beforeBody` is running, its result is
 * awaited first, so that the caller knows whether its commit happened.
 */
import type SMTPConnection from 'nodemailer/lib/smtp-connection'
import type { HandOverOutcome } from '../../domain/delivery/outcome.ts'
import { readReply } from './answer.ts'
import type { Mail } from './compose.ts'
import { GatedBody } from './gatedBody.ts'
import { type RefusalStage, refusalOf } from './refusals.ts'

/** How the conversation ended. */
type End =
  | { readonly by: 'yes'; readonly reply: string }
  | { readonly by: 'no'; readonly reply: string; readonly command: string }
  | { readonly by: 'loss'; readonly cause: string }

/** The fields of nodemailer's error that we read: the reply, and the command it answers. */
type SendError = {
  command?: string | undefined
  response?: string | undefined
  responseCode?: number | undefined
}

export class HandOverAttempt {
  /** After the end: whether the connection's state is known, so that it can be reused. */
  clean = false
  readonly #smtp: SMTPConnection
  readonly #mail: Mail
  readonly #deadline: number
  readonly #beforeBody: () => Promise<boolean>
  readonly #body: GatedBody
  readonly #end = Promise.withResolvers<End>()
  #ended = false
  #answer: Promise<'go' | 'stop' | 'failed'> | null = null

  constructor(smtp: SMTPConnection, mail: Mail, beforeBody: () => Promise<boolean>, deadline: number) {
    this.#smtp = smtp
    this.#mail = mail
    this.#deadline = deadline
    this.#beforeBody = beforeBody
    this.#body = new GatedBody(mail.mime, () => this.#mayFlow())
  }

  async run(): Promise<HandOverOutcome> {
    const { envelope } = this.#mail
    const lost = () => setImmediate(() => this.#finish({ by: 'loss', cause: 'the connection was lost' }))
    const timer = setTimeout(() => this.#finish({ by: 'loss', cause: 'the time was over' }), this.#deadline)
    // 'end' comes before the callback that explains it, and sometimes alone.
    this.#smtp.once('end', lost)
    this.#smtp.send({ from: envelope.from, to: envelope.to }, this.#body, (error, info) => {
      this.#finish(error ? endOf(error) : { by: 'yes', reply: info?.response ?? '' })
    })
    const end = await this.#end.promise
    clearTimeout(timer)
    this.#smtp.off('end', lost)
    const whole = this.#body.readableEnded
    // If the server had asked for a body, only its reply to the complete body leaves the connection in a known state.
    this.clean =
      end.by === 'yes' ? whole : end.by === 'no' && !/^421/.test(end.reply) && this.#answer === null
    if (!this.clean) this.#smtp.close()
    const answer = await this.#answer
    return this.#outcome(end, whole, answer)
  }

  #outcome(end: End, whole: boolean, answer: 'go' | 'stop' | 'failed' | null): HandOverOutcome {
    const { flowing } = this.#body
    if (answer === 'stop') return { kind: 'forestalled' }
    if (answer === 'failed') return { kind: 'not-handed-over', cause: 'beforeBody failed' }
    switch (end.by) {
      case 'yes':
        if (whole) return { kind: 'accepted', answer: readReply(end.reply, this.#mail.envelope.to) }
        return lossOf(flowing, 'the server answered before it had the body')
      case 'no':
        return refusalOf(readReply(end.reply, this.#mail.envelope.to), stageOf(end.command, flowing))
      case 'loss':
        return lossOf(flowing, end.cause)
      default:
        return end satisfies never
    }
  }

  /** The gate: called when nodemailer reads the first byte, after the answer to DATA. */
  async #mayFlow(): Promise<boolean> {
    // nodemailer accepts any 2xx as a request for the body; RFC 5321 §4.1.1.4 allows only 354.
    if (this.#ended || !/^3/.test(this.#smtp.lastServerResponse || '')) {
      this.#finish({ by: 'loss', cause: 'the server did not ask for the body' })
      return false
    }
    this.#answer = ask(this.#beforeBody)
    const answer = await this.#answer
    // If the connection is known to be closed by now, the server cannot have the mail, and the outcome is not unknown.
    const socket = this.#smtp._socket
    if (answer !== 'go' || !socket || !socket.writable)
      this.#finish({ by: 'loss', cause: 'the connection was lost' })
    return !this.#ended
  }

  #finish(end: End): void {
    if (this.#ended) return
    this.#ended = true
    this.#end.resolve(end)
  }
}

async function ask(beforeBody: () => Promise<boolean>): Promise<'go' | 'stop' | 'failed'> {
  try {
    return (await beforeBody()) ? 'go' : 'stop'
  } catch {
    return 'failed'
  }
}

function lossOf(flowing: boolean, cause: string): HandOverOutcome {
  return { kind: flowing ? 'unknown' : 'not-handed-over', cause }
}

/** A refusal is a complete 4xx or 5xx reply to a command of the transaction. Everything else is a lost connection. */
function endOf(error: SendError): End {
  const { command = '', response, responseCode = 0 } = error
  const complete = command === 'MAIL FROM' || command === 'RCPT TO' || command === 'DATA'
  if (complete && response && responseCode >= 400 && responseCode <= 599) {
    return { by: 'no', reply: response, command }
  }
  return { by: 'loss', cause: 'the connection was lost' }
}

function stageOf(command: string, flowing: boolean): RefusalStage {
  if (flowing) return 'body'
  if (command === 'MAIL FROM') return 'sender'
  return command === 'RCPT TO' ? 'recipient' : 'data'
}
