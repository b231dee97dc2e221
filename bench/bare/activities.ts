/** Hands a mail to an SMTP server by nodemailer's own pool, and that is all. */
import { createTransport } from 'nodemailer'
import { htmlOf, textOf } from '../content.ts'

export type BareActivities = { send(to: string, subject: string): Promise<void> }

export function createBareActivities(smtp: string): BareActivities {
  const { hostname, port } = new URL(smtp)
  const transport = createTransport({ host: hostname, port: Number(port), pool: true, ignoreTLS: true })
  return {
    send: async (to, subject) => {
      await transport.sendMail({
        from: 'hello@example.com',
        to,
        subject,
        html: htmlOf(subject, 'https://www.example.com/preferences', '1 Example Street'),
        text: textOf(subject, 'https://www.example.com/preferences', '1 Example Street'),
      })
    },
  }
}
