/**
 * Who fetched a pixel or followed a link: a person, a proxy, or a machine. Judged by the request's own headers; a
 * scanner that disguises itself as a browser counts as a person, as it does everywhere.
 */
import { isbot } from 'isbot'

export type InteractionClass = 'human' | 'proxy' | 'bot'

export type Fetched = {
  kind: 'opened' | 'clicked'
  /** The User-Agent header, or null. */
  userAgent: string | null
  /** The headers with which browsers mark a prefetch (`Sec-Purpose`, `Purpose`, `X-Moz`), or null. */
  purpose: string | null
}

/** Gmail's and Yahoo's proxies fetch when a person opens the message. */
const openedThrough = /GoogleImageProxy|YahooMailProxy/i

/** Apple's Mail Privacy Protection fetches whether or not a person opens the message, and sends only this. */
const bareBrowser = /^Mozilla\/5\.0$/i

/** Mail gateways that follow links before a person can, by their User-Agent. */
const linkScanners =
  /barracuda|mimecast|proofpoint|urldefense|safelinks|ms-?office|microsoft office|ironport|cisco ?secure|forti(mail|net|guard)|sophos|trend ?micro|\btmes\b|symantec|messagelabs|forcepoint|bitdefender|zscaler|check ?point|cloudmark|vade ?secure|hornetsecurity|trustwave/i

export function classify({ kind, userAgent, purpose }: Fetched): InteractionClass {
  const agent = userAgent?.trim() ?? ''
  if (agent === '') return 'bot'
  const image = kind === 'opened'
  if (openedThrough.test(agent)) return image ? 'human' : 'proxy'
  if (bareBrowser.test(agent)) return image ? 'proxy' : 'bot'
  if (purpose !== null && /prefetch|prerender|preview/i.test(purpose)) return 'bot'
  if (isbot(agent)) return 'bot'
  // Outlook loads images with the User-Agent of Microsoft Office: only a followed link with it comes from a machine.
  return !image && linkScanners.test(agent) ? 'bot' : 'human'
}
