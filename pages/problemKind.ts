/** The page behind the `type` of a problem document: for developers, in English, what happened and what to do. */
import { type Html, html } from './html.ts'
import { stylePath, styleVersion } from './style.ts'

export type ProblemKindView = {
  kind: string
  status: number
  title: string
  meaning: string
  causes: readonly string[]
  remedies: readonly string[]
}

export function problemKindPage(view: ProblemKindView): string {
  return frame(
    view.title,
    html`<p class="soft">HTTP status ${view.status}, problem <code>${view.kind}</code></p>
<h1>${view.title}</h1>
<p>${prose(view.meaning)}</p>
<h2>Causes</h2>
${list(view.causes)}
<h2>What to do</h2>
${list(view.remedies)}
<p><a href="/problems">All problems</a> · <a href="/docs">API reference</a></p>`,
  )
}

export function problemIndexPage(kinds: readonly { kind: string; status: number; title: string }[]): string {
  return frame(
    'Problems',
    html`<h1>Problems</h1>
<p>Errors are problem details (RFC 9457). The <code>type</code> of each leads to one of these pages.</p>
<ul>${kinds.map(
      ({ kind, status, title }) =>
        html`<li><a href="/problems/${kind}"><code>${kind}</code></a> (${status}): ${title}</li>`,
    )}</ul>
<p><a href="/docs">API reference</a></p>`,
  )
}

function list(items: readonly string[]): Html {
  return html`<ul>${items.map((item) => html`<li>${prose(item)}</li>`)}</ul>`
}

/** Text with code between backticks. */
function prose(text: string): Html {
  return html`${text.split('`').map((part, place) => (place % 2 === 1 ? html`<code>${part}</code>` : html`${part}`))}`
}

function frame(title: string, content: Html): string {
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${title} – Assent</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="${`${stylePath}?v=${styleVersion}`}">
</head>
<body>
<div class="page">
<main>
${content}
</main>
</div>
</body>
</html>
`.toString()
}
