/** What every page of the shop has: head, the way behind the counter, foot. */
import { type Html, html } from '../html.ts'
import { logo } from './art.ts'

/** Where the parts are that a person may want to look into; an empty address is not shown. */
export interface Places {
  readonly mailboxUi: string
  readonly temporalUi: string
  readonly docs: string
}

export function frame(title: string, places: Places, content: Html): Html {
  const doors: readonly (readonly [string, string])[] = [
    ['Mailbox', places.mailboxUi],
    ['Temporal UI', places.temporalUi],
    ['API docs', places.docs],
  ]
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${title}</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/style.css">
<script type="module" src="/live.mjs"></script>
</head>
<body>
<a class="skip" href="#main">Skip to the content</a>
<header class="bar">
<a class="brand" href="/">${logo}<span>Northpath Outfitters</span></a>
<nav aria-label="Behind the counter"><ul>
${doors.map(([name, address]) => address !== '' && html`<li>${outward(address, name)}</li>`)}
</ul></nav>
</header>
<main id="main">
${content}
</main>
<footer class="foot"><p>A shop that does not exist, to show what Assent does. Nothing is sold, and every e-mail ends in the local mailbox.</p></footer>
</body>
</html>`
}

/** A link to another place, which opens beside the shop. */
export function outward(address: string, name: string): Html {
  return html`<a href="${address}" target="_blank" rel="noopener noreferrer">${name}<span class="unseen"> (opens in a new tab)</span></a>`
}
