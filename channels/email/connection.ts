/**
 * One SMTP connection, on nodemailer's `SMTPConnection`: opened, greeted and authenticated before a delivery is claimed,
 * and used for one hand-over at a time.
 *
 * nodemailer reports a connection lost after the body like one that never opened. So the outcome of a mail depends on two facts only: a
 * complete reply of the server, and whether body bytes had begun to flow (`GatedBody`).
 */
import SMTPConnection from 'nodemailer/lib/smtp-connection'
import type { HandOverOutcome } from '../../domain/delivery/outcome.ts'
import { ChannelUnavailable } from '../channel.ts'
import type { Mail } from './compose.ts'
import { HandOverAttempt } from './handOver.ts'
import type { SmtpSettings } from './settings.ts'

/** Timeouts in milliseconds. */
export type SmtpTimeouts = {
  /** DNS lookup and connecting. */
  readonly connect: number
  /** From connected to the greeting. */
  readonly greeting: number
  /** Everything until the connection is authenticated and free. */
  readonly open: number
  /** For any single reply. */
  readonly reply: number
  /** A whole hand-over, the body included. */
  readonly handOver: number
}

/** nodemailer's error, with the error code of the system or of TLS beneath it. */
type Failure = {
  code?: string | undefined
  originalCode?: string | undefined
  responseCode?: number | undefined
}

export class SmtpConnection {
  readonly #smtp: SMTPConnection
  readonly #timeouts: SmtpTimeouts
  #handOvers = 0
  #dirty = false
  #idleSince = performance.now()

  private constructor(smtp: SMTPConnection, timeouts: SmtpTimeouts) {
    this.#smtp = smtp
    this.#timeouts = timeouts
  }

  /**
   * Connects and authenticates.
   *
   * @throws ChannelUnavailable
   * @throws the signal's reason when it is aborted first
   */
  static async open(
    settings: SmtpSettings,
    timeouts: SmtpTimeouts,
    signal: AbortSignal,
  ): Promise<SmtpConnection> {
    signal.throwIfAborted()
    const smtp = new SMTPConnection({
      host: settings.host,
      port: settings.port,
      secure: settings.secure,
      requireTLS: settings.requireTls,
      ignoreTLS: settings.ignoreTls,
      tls: { rejectUnauthorized: settings.rejectUnauthorized },
      name: settings.name ?? undefined,
      connectionTimeout: timeouts.connect,
      dnsTimeout: timeouts.connect,
      greetingTimeout: timeouts.greeting,
      socketTimeout: timeouts.reply,
      // Close at once: if a body has begun, a half-closed connection could make the server take it for complete.
      socketCloseTimeout: 0,
    })
    try {
      await establish(smtp, settings, timeouts, signal)
    } catch (error) {
      smtp.close()
      throw error
    }
    return new SmtpConnection(smtp, timeouts)
  }

  /** Whether the connection can be used, as far as is known without asking the server. */
  get usable(): boolean {
    return !this.#smtp.destroyed
  }

  /** Mails handed over so far. */
  get handOvers(): number {
    return this.#handOvers
  }

  /**
   * Checks with RSET that the server still answers, unless it answered within `freshFor` milliseconds. RSET also ends a transaction that
   * a refusal left open. A connection that does not answer is dropped.
   */
  async prove(freshFor: number): Promise<boolean> {
    if (!this.usable) return false
    if (!this.#dirty && performance.now() - this.#idleSince < freshFor) return true
    const answered = await new Promise<boolean>((resolve) => {
      const timer = setTimeout(() => resolve(false), this.#timeouts.greeting)
      const settle = (alive: boolean) => {
        clearTimeout(timer)
        this.#smtp.off('end', lost)
        resolve(alive)
      }
      const lost = () => settle(false)
      this.#smtp.once('end', lost)
      this.#smtp.reset((error) => settle(!error))
    })
    this.#dirty = false
    if (!answered) this.drop()
    return answered && this.usable
  }

  /** Hands one mail over; see `Slot.handOver`. Never throws. */
  async handOver(mail: Mail, beforeBody: () => Promise<boolean>): Promise<HandOverOutcome> {
    this.#handOvers++
    const attempt = new HandOverAttempt(this.#smtp, mail, beforeBody, this.#timeouts.handOver)
    const outcome = await attempt.run()
    this.#idleSince = performance.now()
    this.#dirty = outcome.kind !== 'accepted'
    // Only after a complete exchange do both sides agree on the state of the connection.
    if (!attempt.clean) this.drop()
    return outcome
  }

  /** Ends the connection with QUIT, and waits only briefly for the answer. */
  quit(): void {
    if (!this.usable) return
    const timer = setTimeout(() => this.#smtp.close(), 1_000)
    this.#smtp.once('end', () => clearTimeout(timer))
    this.#smtp.quit()
  }

  /** Ends the connection at once. */
  drop(): void {
    this.#smtp.close()
  }
}

function establish(
  smtp: SMTPConnection,
  settings: SmtpSettings,
  timeouts: SmtpTimeouts,
  signal: AbortSignal,
): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const fail = (error: Failure) => reject(unavailable(error))
  // This listener is never removed: an 'error' event without a listener would end the process. Later errors show in `destroyed`.
  smtp.on('error', fail)
  // 'end' comes before the error that explains it.
  smtp.once('end', () => setImmediate(fail, {}))
  const onAbort = () => reject(signal.reason)
  signal.addEventListener('abort', onAbort, { once: true })
  const timer = setTimeout(
    () => reject(new ChannelUnavailable('timed-out', 'the mail server did not become ready in time')),
    timeouts.open,
  )
  smtp.connect((error) => {
    if (error) fail(error)
    else if (settings.auth === null) resolve()
    else smtp.login({ ...settings.auth }, (refusal) => (refusal ? fail(refusal) : resolve()))
  })
  return promise.finally(() => {
    clearTimeout(timer)
    signal.removeEventListener('abort', onAbort)
  })
}

/** The error contains codes only: nodemailer's messages quote the server, which may quote the credentials. */
function unavailable(error: Failure): ChannelUnavailable {
  const beneath = error.originalCode ?? ''
  const code = error.responseCode ? ` (${error.responseCode})` : beneath ? ` (${beneath})` : ''
  if (error.code === 'EAUTH') {
    return new ChannelUnavailable('authentication-failed', `the mail server refused the credentials${code}`)
  }
  if (error.code === 'ETLS' || /CERT|SSL|TLS/.test(beneath)) {
    return new ChannelUnavailable('tls-failed', `no secure connection to the mail server${code}`)
  }
  if (error.code === 'ETIMEDOUT') {
    return new ChannelUnavailable('timed-out', 'the mail server did not answer in time')
  }
  return new ChannelUnavailable('connection-failed', `no connection to the mail server${code}`)
}
