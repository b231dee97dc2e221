/** The run's mailbox, read over maildev's REST routes and parsed as a mail program parses. */
import PostalMime, { type Email } from 'postal-mime'
import { inject } from 'vitest'
import { z } from 'zod'
import type { Prepared } from '../../channels/channel.ts'
import { until } from './until.ts'

const listed = z.array(z.looseObject({ id: z.string(), to: z.array(z.looseObject({ address: z.string() })) }))

/** Every mail to the address, oldest first. */
export async function mailsTo(address: string): Promise<Email[]> {
  const base = inject('mailbox').api
  const all = listed.parse(await (await fetch(`${base}/email`)).json())
  const mine = all.filter((mail) => mail.to.some((one) => one.address === address))
  return Promise.all(
    mine.map(async ({ id }) => PostalMime.parse(await (await fetch(`${base}/email/${id}/source`)).text())),
  )
}

/** The mails to the address, once there are so many; more is an error at once. */
export async function mailsArrived(address: string, count: number): Promise<Email[]> {
  const mails = await until(`${count} mails to ${address}`, async () => {
    const found = await mailsTo(address)
    return found.length >= count ? found : null
  })
  if (mails.length > count) throw new Error(`${mails.length} mails to ${address}, not ${count}`)
  return mails
}

export function header(mail: Email, name: string): string | null {
  return mail.headers.find((one) => one.key === name.toLowerCase())?.value ?? null
}

/** The first address in the mail's text that has this path. */
export function linkIn(mail: Email, path: string): string {
  const text = `${mail.text ?? ''}\n${mail.html ?? ''}`
  const found = new RegExp(`https?://[^\\s"'<>]*${path}[^\\s"'<>]*`).exec(text)?.[0]
  if (found === undefined) throw new Error(`no ${path} link in the mail`)
  return found
}

/** The bytes of a prepared mail, as they would leave. */
export function bytesOf(prepared: Prepared): Buffer {
  const mime = 'mime' in prepared ? prepared.mime : null
  if (!(mime instanceof Uint8Array)) throw new Error('it is no mail')
  return Buffer.from(mime)
}
