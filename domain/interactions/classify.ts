/**
 * Who fetched a pixel or followed a link: a person, a proxy that fetches for nobody in particular, or a machine. Judged by what
 * the request says of itself; a scanner that disguises itself as a browser counts as a person, as it does everywhere.
 */
import { isbot } from 'isbot'

export type InteractionClass = 'human' | 'proxy' | 'bot'

export type Fetched = {
  kind: 'opened' | 'clicked'
  /** The User-Agent header, or null. */
  userAgent: string | null
  /** The headers by which browsers say that they fetch in advance (`Sec-Purpose`, `Purpose`, `X-Moz`), or null. */
  purpose: string | null
}

/** Gmail's and Yahoo's proxies fetch when a person opens the message. */
const openedThrough = /GoogleImageProxy|YahooMailProxy/i

/** Apple's Mail Privacy Protection fetches whether or not anybody looks, and says nothing more than this. */
const bareBrowser = /^Mozilla\/5\.0$/i

/** Mail gateways that follow links before a person can, by the names they give themselves. */
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
  // Outlook shows images under the name of its office suite: only following links under it is a machine's doing.
  return !image && linkScanners.test(agent) ? 'bot' : 'human'
}
