/** A message as the sandbox keeps it, and as Twilio's API (version 2010-04-01) shows it. */
import { randomBytes } from 'node:crypto'
import { z } from 'zod'

/** The states an outgoing message may have at Twilio. */
export const statusShape = z.enum([
  'accepted',
  'scheduled',
  'queued',
  'sending',
  'sent',
  'delivered',
  'undelivered',
  'failed',
  'read',
  'canceled',
])

type Status = z.infer<typeof statusShape>

export interface SandboxMessage {
  readonly sid: string
  readonly from: string | null
  readonly to: string
  readonly body: string
  readonly messagingServiceSid: string | null
  /** Where status changes are reported, as the sender asked. */
  readonly statusCallback: string | null
  readonly createdAt: string
  readonly status: Status
  readonly errorCode: number | null
}

export function newSid(): string {
  return `SM${randomBytes(16).toString('hex')}`
}

/** RFC 2822, as Twilio writes times. */
function twilioTime(time: string): string {
  return new Date(time).toUTCString().replace('GMT', '+0000')
}

/** Characters of GSM 03.38's basic set; any other makes the message UCS-2, which holds fewer a segment. */
const basicSet = /^[\w@£$¥èéùìòÇ\nØø\rÅåΔΦΓΛΩΠΨΣΘΞÆæßÉ !"#¤%&'()*+,\-./:;<=>?¡ÄÖÑÜ§¿äöñüà]*$/

function segments(body: string): number {
  const [single, each] = basicSet.test(body) ? [160, 153] : [70, 67]
  return body.length <= single ? 1 : Math.ceil(body.length / each)
}

/** The message resource as JSON. */
export function asResource(message: SandboxMessage, accountSid: string): Record<string, unknown> {
  const uri = `/2010-04-01/Accounts/${accountSid}/Messages/${message.sid}`
  return {
    account_sid: accountSid,
    api_version: '2010-04-01',
    body: message.body,
    date_created: twilioTime(message.createdAt),
    date_sent: null,
    date_updated: twilioTime(message.createdAt),
    direction: 'outbound-api',
    error_code: message.errorCode,
    error_message: null,
    from: message.from,
    messaging_service_sid: message.messagingServiceSid,
    num_media: '0',
    num_segments: String(segments(message.body)),
    price: null,
    price_unit: 'USD',
    sid: message.sid,
    status: message.status,
    subresource_uris: { media: `${uri}/Media.json` },
    to: message.to,
    uri: `${uri}.json`,
  }
}
