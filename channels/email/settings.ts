/** The settings of the e-mail channel, and the parser of `SMTP_URL`: the server's address, credentials and number of connections. */
import { isAbsolute } from 'node:path'
import { z } from 'zod'

/** The variables that e-mail reads from the environment. */
export const emailSettings = {
  /** See `parseSmtpUrl`. */
  SMTP_URL: z.string().superRefine((text, context) => {
    try {
      parseSmtpUrl(text)
    } catch (error) {
      if (!(error instanceof SmtpUrlError)) throw error
      context.addIssue({ code: 'custom', message: error.message })
    }
  }),
  /**
   * Folder of the private keys that sign mail (DKIM); profiles name a file in it. Unset: no profile can sign here. Keys are read for each
   * mail, not at start, so a missing key holds only the mail of its own profile.
   */
  ASSENT_DKIM_FOLDER: z.string().refine(isAbsolute, 'must be an absolute path').optional(),
}

/** How to reach the mail server. */
export type SmtpSettings = {
  readonly host: string
  readonly port: number
  /** TLS from the first byte (RFC 8314), as `smtps:` requires. */
  readonly secure: boolean
  /** Close the connection if the server offers no STARTTLS (RFC 3207). */
  readonly requireTls: boolean
  /** Do not use STARTTLS even if the server offers it. */
  readonly ignoreTls: boolean
  /** Whether the server's certificate must be valid. */
  readonly rejectUnauthorized: boolean
  readonly auth: { readonly user: string; readonly pass: string } | null
  /** Name given with EHLO; null for the machine's own. */
  readonly name: string | null
  /** Most connections at the same time, and so most hand-overs at the same time. */
  readonly maxConnections: number
}

/** An `SMTP_URL` that cannot be parsed. The error names the part and never quotes a value, because the URL contains a password. */
export class SmtpUrlError extends Error {
  override readonly name = 'SmtpUrlError'
}

const DEFAULT_CONNECTIONS = 5
const MOST_CONNECTIONS = 100
const LOOPBACK = /^(?:localhost|127(?:\.\d{1,3}){3}|::1)$/

/**
 * Reads `smtp://` and `smtps://user:password@host:port?option=value`. User and password are percent-encoded. Options:
 * `maxConnections` (1 to 100, default 5), `name`, `requireTLS`, `ignoreTLS`, `tls.rejectUnauthorized` (true or false).
 *
 * With credentials, STARTTLS is required unless the server is on this machine or `requireTLS=false` is given. Otherwise a
 * server without STARTTLS, or an attacker who hides the offer, would learn the password. On this machine STARTTLS is not
 * used unless it is required.
 *
 * @throws SmtpUrlError
 */
export function parseSmtpUrl(text: string): SmtpSettings {
  const url = URL.parse(text)
  if (!url || (url.protocol !== 'smtp:' && url.protocol !== 'smtps:') || url.hostname === '') {
    throw new SmtpUrlError('must be smtp://host:port or smtps://host:port')
  }
  const secure = url.protocol === 'smtps:'
  const host = url.hostname.replace(/^\[|\]$/g, '')
  const local = LOOPBACK.test(host)
  const auth = url.username === '' ? null : { user: decode(url.username), pass: decode(url.password) }
  const options = readOptions(url.searchParams)
  const requireTls = options.requireTls ?? (auth !== null && !secure && !local)
  return {
    host,
    port: url.port === '' ? (secure ? 465 : 587) : Number(url.port),
    secure,
    requireTls,
    ignoreTls: options.ignoreTls ?? (local && !requireTls),
    rejectUnauthorized: options.rejectUnauthorized ?? true,
    auth,
    name: options.name,
    maxConnections: options.maxConnections,
  }
}

type Options = {
  requireTls?: boolean
  ignoreTls?: boolean
  rejectUnauthorized?: boolean
  name: string | null
  maxConnections: number
}

function readOptions(parameters: URLSearchParams): Options {
  const options: Options = { name: null, maxConnections: DEFAULT_CONNECTIONS }
  for (const [option, value] of parameters) {
    switch (option) {
      case 'requireTLS':
        options.requireTls = readBoolean(option, value)
        break
      case 'ignoreTLS':
        options.ignoreTls = readBoolean(option, value)
        break
      case 'tls.rejectUnauthorized':
        options.rejectUnauthorized = readBoolean(option, value)
        break
      case 'name':
        if (!/^[A-Za-z0-9.:[\]-]+$/.test(value)) throw new SmtpUrlError('name must be a host name')
        options.name = value
        break
      case 'maxConnections': {
        const count = /^\d{1,3}$/.test(value) ? Number(value) : 0
        if (count < 1 || count > MOST_CONNECTIONS) {
          throw new SmtpUrlError(`maxConnections must be 1 to ${MOST_CONNECTIONS}`)
        }
        options.maxConnections = count
        break
      }
      default:
        throw new SmtpUrlError(
          'the options are maxConnections, name, requireTLS, ignoreTLS and tls.rejectUnauthorized',
        )
    }
  }
  return options
}

function readBoolean(option: string, value: string): boolean {
  if (value !== 'true' && value !== 'false') throw new SmtpUrlError(`${option} must be true or false`)
  return value === 'true'
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    throw new SmtpUrlError('user and password must be percent-encoded')
  }
}
