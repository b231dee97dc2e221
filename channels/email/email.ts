/** The e-mail channel, over SMTP. It builds mails (`compose.ts`, `headers.ts`) and hands them over on a pooled connection (`pool.ts`). */
import type { FieldError } from '../../domain/refusal.ts'
import type { Profile } from '../../domain/shapes/profile.ts'
import type { Channel, Outgoing } from '../channel.ts'
import { composeMail, type DkimKey, type Mail } from './compose.ts'
import { DkimKeyError, DkimKeys } from './dkimKeys.ts'
import { mailHeaders, messageIdOf, testMailHeaders } from './headers.ts'
import { openSmtpPool, type SmtpPoolOptions } from './pool.ts'

/** @throws SmtpUrlError */
export function openEmailChannel(
  settings: { SMTP_URL: string; ASSENT_DKIM_FOLDER?: string | undefined },
  options: SmtpPoolOptions = {},
): Channel<Mail> {
  const pool = openSmtpPool(settings.SMTP_URL, options)
  const keys = new DkimKeys(settings.ASSENT_DKIM_FOLDER ?? null)
  return {
    key: 'email',
    // SMTP has no idempotency key: two mails with the same Message-ID are both delivered.
    idempotent: false,
    prepare: (outgoing) => prepareMail(outgoing, keys),
    acquire: (wanted) => pool.acquire(wanted),
    checkSender: (profile) => checkSigningKey(profile, keys),
    close: () => pool.close(),
  }
}

async function prepareMail(outgoing: Outgoing, keys: DkimKeys): Promise<Mail> {
  const { id, to, profile, message, occasion } = outgoing
  const { name, email } = profile.sender
  return composeMail({
    from: { name, email },
    to,
    message,
    messageId: messageIdOf(id, email),
    date: new Date(),
    headers:
      occasion.kind === 'test'
        ? testMailHeaders(id)
        : mailHeaders(occasion.purposeKind, occasion.unsubscribeUrl),
    dkim: await signingKey(profile, keys),
  })
}

/** @returns undefined if the relay signs */
async function signingKey({ sender: { dkim } }: Profile, keys: DkimKeys): Promise<DkimKey | undefined> {
  if (dkim === undefined) return undefined
  const { domain, selector, keyFile } = dkim
  return { domain, selector, privateKey: await keys.read(keyFile) }
}

async function checkSigningKey({ sender: { dkim } }: Profile, keys: DkimKeys): Promise<FieldError[]> {
  if (dkim === undefined) return []
  try {
    await keys.read(dkim.keyFile)
    return []
  } catch (error) {
    if (!(error instanceof DkimKeyError)) throw error
    return [{ pointer: '/sender/dkim/keyFile', code: `dkim-key-${error.code}`, message: error.message }]
  }
}
