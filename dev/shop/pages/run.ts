/** One run as Assent's API answers it, with the decision behind each of its messages. */
import type { Run } from '../assent.ts'
import { type Html, html } from '../html.ts'
import { pathOf, pill } from './activity.ts'
import { frame, type Places } from './frame.ts'

export interface RunDetails {
  readonly run: Run
  /** Answers as they came, each under the request that brought it. */
  readonly answers: readonly { readonly request: string; readonly body: unknown }[]
}

export function runPage({ run, answers }: RunDetails, places: Places): Html {
  return frame(
    `Run of ${run.journey}`,
    places,
    html`<div class="page">
<p><a href="/#behind">Back to the shop</a></p>
<h1>Journey <code>${run.journey}</code>, version ${run.version}</h1>
<p>${pill(run.state)}</p>
${pathOf(run)}
<h2>What the API says</h2>
<p>A delivery holds the decision and everything it rested on, so it can be explained years later.</p>
${answers.map(({ request, body }) => html`<h3><code>${request}</code></h3><pre tabindex="0">${JSON.stringify(body, null, 2)}</pre>`)}
</div>`,
  )
}

export function messagePage(title: string, text: string, places: Places): Html {
  return frame(
    title,
    places,
    html`<div class="page"><h1>${title}</h1><p>${text}</p><p><a href="/">Back to the shop</a></p></div>`,
  )
}
