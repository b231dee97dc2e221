/** The page behind the `type` of a problem document: its codes, what leads to each and what to do. For developers, in English. */
import { type Html, html } from './html.ts'
import { stylePath, styleVersion } from './style.ts'

export type ProblemKindView = {
  kind: string
  status: number
  title: string
  meaning: string
  codes: readonly { code: string; cause: string; remedy: string }[]
}

export function problemKindPage(view: ProblemKindView): string {
  return frame(
    view.title,
    html`<p class="soft">HTTP status ${view.status}, problem <code>${view.kind}</code></p>
<h1>${view.title}</h1>
<p>${prose(view.meaning)}</p>
${view.codes.map(
  ({ code, cause, remedy }) => html`<h2 id="${code}"><code>${code}</code></h2>
<p>${prose(cause)}</p>
<p>${prose(remedy)}</p>
`,
)}<p><a href="/problems">All problems</a> · <a href="/docs">API reference</a></p>`,
  )
}

export function problemIndexPage(
  kinds: readonly { kind: string; status: number; title: string; codes: readonly string[] }[],
): string {
  return frame(
    'Problems',
    html`<h1>Problems</h1>
<p>Errors are problem details (RFC 9457). The <code>type</code> of each leads to one of these pages. Programs go by its <code>code</code>.</p>
${kinds.map(
  ({ kind, status, title, codes }) => html`<h2><a href="/problems/${kind}">${title}</a> (${status})</h2>
<ul>${codes.map((code) => html`<li><a href="/problems/${kind}#${code}"><code>${code}</code></a></li>`)}</ul>
`,
)}
<p><a href="/docs">API reference</a></p>`,
  )
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
