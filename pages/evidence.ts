/** The evidence pack as a page to print: what a data-protection officer lays on the table. Everything in it is escaped. */
import { type Html, html, type Piece } from './html.ts'

/** As views/evidence.ts gives it, in the members the page shows. */
export type EvidencePageInput = {
  generatedAt: string
  contactPoint: { id: string; channel: string; address: string }
  verification: {
    events: number
    firstBreak: { seq: number; event: string | null; problem: string } | null
    head: { seq: number; hash: string }
  }
  events: readonly EventInput[]
  doubleOptIns: readonly RequestInput[]
  suppressions: readonly { kind: string; reason: string | null; since: string; liftedAt: string | null }[]
  deliveries: readonly {
    id: string
    message: string
    messageVersion: number | null
    purpose: string
    topic: string | null
    state: string
    reason: string | null
    decision: { verdict: string; reason: string } | null
    createdAt: string
  }[]
}
type EventInput = {
  id: string | null
  /** What the purpose or topic was called; null for `*`. */
  name: string | null
  seq: number | null
  kind: string
  purpose: string | null
  topic: string | null
  state: string | null
  occurredAt: string | null
  recordedAt: string | null
  source: { kind: string; via: string | null } | null
  lawfulBasis: string | null
  notice: { id: string; version: string; language: string; hash: string } | null
  defaultState: string | null
  formVersion: string | null
  controller: string | null
  jurisdiction: string | null
  retention: string | null
  expiresAt: string | null
  related: Readonly<Record<string, string | number | null>> | null
  flags: readonly string[] | null
  wording: string | null
  evidence: string | Readonly<Record<string, unknown>>
  hash: string
  previousHash: string
  bytes: string
}
type RequestInput = {
  id: string
  state: string
  grants: readonly { purpose: string; topic: string | null; name: string | null }[]
  requestedAt: string
  expiresAt: string
  settledAt: string | null
  wording: string | null
  mails: readonly {
    delivery: string
    state: string
    claimedAt: string | null
    settledAt: string | null
    content: string | { subject: string; html: string | null; text: string }
  }[]
}

const style = `
body { font: 10.5pt/1.45 system-ui, sans-serif; color: #111; background: #fff; max-width: 60rem; margin: 2rem auto; padding: 0 1rem }
h1 { font-size: 1.5rem } h2 { font-size: 1.15rem; margin-top: 2rem; border-bottom: 1px solid #888 } h3 { font-size: 1rem; margin-bottom: .3rem }
table { border-collapse: collapse; width: 100% } th, td { text-align: left; vertical-align: top; padding: .15rem .6rem .15rem 0 }
th { width: 12rem; font-weight: 600 } td { overflow-wrap: anywhere } thead th { width: auto; border-bottom: 1px solid #888 }
pre { white-space: pre-wrap; overflow-wrap: anywhere; background: #f4f4f4; padding: .5rem; font-size: .85em; margin: .2rem 0 }
code { overflow-wrap: anywhere; font-size: .9em } section { break-inside: auto } article { break-inside: avoid-page; margin-bottom: 1.2rem }
.broken { border: 2px solid #b00020; padding: .5rem }
@page { margin: 18mm 15mm } @media print { body { margin: 0; max-width: none; font-size: 9.5pt } pre { background: none; border: 1px solid #bbb } }`

/** @returns the whole document; no script, and nothing is asked of anybody */
export function evidencePage(pack: EvidencePageInput): string {
  const { contactPoint, generatedAt } = pack
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>Evidence of consent – ${contactPoint.address}</title>
<style>${style}</style>
</head>
<body>
<h1>Evidence of consent</h1>
${rows([
  ['Address', contactPoint.address],
  ['Channel', contactPoint.channel],
  ['Contact point', contactPoint.id],
  ['Generated', generatedAt],
])}
<h2>Verification</h2>
${verification(pack.verification)}
<h2>Events (${pack.events.length})</h2>
${pack.events.map(event)}
<h2>Double opt-in requests (${pack.doubleOptIns.length})</h2>
${pack.doubleOptIns.map(request)}
<h2>Suppressions (${pack.suppressions.length})</h2>
${pack.suppressions.map((one) => html`<p>${one.kind} since ${one.since}${one.reason === null ? null : `: ${one.reason}`}${one.liftedAt === null ? null : ` (lifted ${one.liftedAt})`}</p>`)}
<h2>Messages sent or held back (${pack.deliveries.length})</h2>
${deliveries(pack.deliveries)}
</body>
</html>
`.toString()
}

function verification({ events, firstBreak, head }: EvidencePageInput['verification']): Html {
  if (firstBreak !== null) {
    return html`<p class="broken">The chain is broken at event ${firstBreak.seq} (${firstBreak.problem}): nothing from there on is proven.</p>`
  }
  return html`<p>All ${events} events follow one another without a gap, and every hash, column and wording agrees with the bytes that were hashed. The chain ends at ${head.seq} with <code>${head.hash}</code>.</p>`
}

function event(one: EventInput): Html {
  const related = Object.entries(one.related ?? {}).filter(([, value]) => value !== null)
  return html`<article>
<h3>${one.seq ?? '?'}. ${one.kind} – ${titleOf(one)}${one.state === null ? null : `: ${one.state}`}</h3>
${rows([
  ['Purpose', keysOf(one)],
  ['Event', one.id],
  ['Happened', one.occurredAt],
  ['Recorded', one.recordedAt],
  [
    'Source',
    one.source === null ? null : [one.source.kind, one.source.via].filter((part) => part !== null).join(', '),
  ],
  ['Lawful basis', one.lawfulBasis],
  [
    'Notice',
    one.notice === null ? null : `${one.notice.id}, version ${one.notice.version}, ${one.notice.language}`,
  ],
  ['Wording', one.wording === null ? null : html`<pre>${one.wording}</pre>`],
  ['Control stood', one.defaultState],
  ['Form version', one.formVersion],
  ['Controller', one.controller],
  ['Jurisdiction', one.jurisdiction],
  ['Retention', one.retention],
  ['Ends', one.expiresAt],
  [
    'Related',
    related.length === 0 ? null : related.map(([name, value]) => `${name} ${String(value)}`).join(', '),
  ],
  ['Lacked', one.flags === null || one.flags.length === 0 ? null : one.flags.join(', ')],
  ...evidence(one.evidence),
  ['Hash', html`<code>${one.hash}</code>`],
  ['Hash before', html`<code>${one.previousHash}</code>`],
  ['Hashed bytes', html`<pre>${one.bytes}</pre>`],
])}
</article>`
}

type Named = { purpose: string | null; topic: string | null; name: string | null }

/** The name that stood beside the box. */
function titleOf(one: Named): string {
  return one.name ?? (one.purpose === '*' ? 'everything' : keysOf(one))
}

function keysOf({ purpose, topic }: Named): string {
  return topic === null ? (purpose ?? '?') : `${purpose ?? '?'} / ${topic}`
}

function evidence(opened: EventInput['evidence']): [string, Piece][] {
  if (typeof opened === 'string') return [['Evidence', opened]]
  return Object.entries(opened).map(([name, value]): [string, Piece] => {
    if (value === null || typeof value === 'string') return [`Evidence: ${name}`, value]
    return [`Evidence: ${name}`, html`<pre>${JSON.stringify(value, null, 2)}</pre>`]
  })
}

function request(one: RequestInput): Html {
  return html`<article>
<h3>${one.id}: ${one.state}</h3>
${rows([
  ['Asked for', one.grants.map((grant) => `${titleOf(grant)} (${keysOf(grant)})`).join(', ')],
  ['Wording', one.wording === null ? null : html`<pre>${one.wording}</pre>`],
  ['Requested', one.requestedAt],
  ['Expires', one.expiresAt],
  ['Settled', one.settledAt],
])}
${one.mails.map(mail)}
</article>`
}

function mail({ delivery, state, claimedAt, settledAt, content }: RequestInput['mails'][number]): Html {
  return rows([
    ['Mail', `${delivery}: ${state}`],
    ['Claimed', claimedAt],
    ['Settled', settledAt],
    ...(typeof content === 'string'
      ? ([['Content', content]] satisfies [string, Piece][])
      : ([
          ['Subject', content.subject],
          ['Text', html`<pre>${content.text}</pre>`],
          ['HTML', content.html === null ? null : html`<pre>${content.html}</pre>`],
        ] satisfies [string, Piece][])),
  ])
}

function deliveries(list: EvidencePageInput['deliveries']): Html | null {
  if (list.length === 0) return null
  return html`<table><thead><tr><th>At</th><th>Message</th><th>Purpose</th><th>Outcome</th><th>Decision</th></tr></thead><tbody>
${list.map(
  (one) =>
    html`<tr><td>${one.createdAt}</td><td>${one.message}${one.messageVersion === null ? null : ` v${one.messageVersion}`}</td><td>${one.purpose}${one.topic === null ? null : ` / ${one.topic}`}</td><td>${one.state}${one.reason === null ? null : ` (${one.reason})`}</td><td>${one.decision === null ? null : `${one.decision.verdict}: ${one.decision.reason}`}</td></tr>`,
)}
</tbody></table>`
}

/** A table of what has a value. */
function rows(pairs: readonly (readonly [string, Piece])[]): Html {
  return html`<table><tbody>${pairs
    .filter(([, value]) => value !== null)
    .map(([name, value]) => html`<tr><th scope="row">${name}</th><td>${value}</td></tr>`)}</tbody></table>`
}
