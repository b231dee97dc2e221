/** One run, with the decision on each of its messages in words. The API's answers are collapsed below. */
import type { Answer, Delivery, Run } from '../assent.ts'
import { type Html, html, type Piece } from '../html.ts'
import { clock, pathOf, pill } from './activity.ts'
import { frame, type Places } from './frame.ts'
import { outcomeInWords, reasonInWords, trackingInWords } from './words.ts'

export interface RunDetails {
  readonly run: Run
  readonly deliveries: readonly { readonly id: string; readonly answer: Answer<Delivery> }[]
}

export function runPage({ run, deliveries }: RunDetails, places: Places): Html {
  return frame(
    `Run of ${run.journey}`,
    places,
    html`<div class="page">
<p><a href="/#behind">Back to the shop</a></p>
<h1>Journey <code>${run.journey}</code>, version ${run.version}</h1>
<p>${pill(run.state)}</p>
${pathOf(run)}
<h2>Why each message was sent or not</h2>
${
  deliveries.length === 0
    ? html`<p class="quiet">There is no message yet.</p>`
    : html`<p>A delivery stores the decision and everything it is based on, so Assent can explain it years later.</p>`
}
${deliveries.map(({ id, answer }) => (answer.ok ? whySent(answer.value) : html`<p>Delivery <code>${id}</code> cannot be shown at the moment: ${answer.problem.title}.</p>`))}
</div>`,
  )
}

function whySent(delivery: Delivery): Html {
  const { id, message, state, reason, purpose, topic, decision, decisionInput, handedOverAt } = delivery
  const because = decision?.reason ?? reason
  const purposeFacts = decisionInput?.purpose
  return html`<article class="why-sent">
<div class="run-head"><h3>Message <code>${message}</code></h3> ${pill(state)}</div>
<dl class="facts">
${fact('What happened', `${outcomeInWords(state)}${reason === null || reason === because ? '' : `: ${reason}`}`)}
${because !== null && because !== undefined && fact('Why', html`<b>${because}</b> ${reasonInWords(because)}`)}
${fact('Purpose', html`<code>${topic === null ? purpose : `${purpose} / ${topic}`}</code>${purposeFacts?.enforcement === 'restrictive' && purposeFacts.kind !== 'transactional' && ', which needs an opt-in'}`)}
${decision !== null && decision !== undefined && fact('Opens and clicks', `${decision.tracking.allowed ? 'tracked' : 'not tracked'}. ${trackingInWords(decision.tracking.reason) ?? ''}`)}
${decision !== null && decision !== undefined && fact('Based on', decision.basis.length === 0 ? 'no consent event' : html`${decision.basis.length} consent event${decision.basis.length > 1 && 's'} of the ledger`)}
${handedOverAt !== null && handedOverAt !== undefined && fact('Handed over', clock(handedOverAt))}
</dl>
<details><summary>The API's answer</summary>
<p class="call"><code>GET /v1/deliveries/${id}?pretty</code></p>
<pre tabindex="0">${JSON.stringify(delivery, null, 2)}</pre>
</details>
</article>`
}

function fact(name: string, value: Piece): Html {
  return html`<dt>${name}</dt><dd>${value}</dd>`
}

export function messagePage(title: string, text: string, places: Places): Html {
  return frame(
    title,
    places,
    html`<div class="page"><h1>${title}</h1><p>${text}</p><p><a href="/">Back to the shop</a></p></div>`,
  )
}
