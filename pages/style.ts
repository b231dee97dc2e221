/**
 * The one stylesheet of all pages, served by ourselves: calm, readable in light and dark, usable at 320 pixels and at 200 %
 * zoom. Contrasts meet WCAG 2.2 AA (text 4.5:1, controls 3:1); whatever is pressed is at least 24 pixels high and wide.
 */
import { createHash } from 'node:crypto'

export const stylesheet = `:root {
  color-scheme: light dark;
  --ground: #f4f3ef;
  --card: #ffffff;
  --ink: #1c2126;
  --soft: #545c64;
  --line: #d9d7d0;
  --control: #767d85;
  --accent: #1b5e8c;
  --accent-ink: #ffffff;
  --accent-over: #134866;
  --good: #e6f2ea;
  --good-edge: #2c7a4b;
  --note: #fdf3dc;
  --note-edge: #9a6a00;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ground: #14171a;
    --card: #1d2125;
    --ink: #ecebe8;
    --soft: #aab1b8;
    --line: #363c42;
    --control: #8d959d;
    --accent: #8ec5ee;
    --accent-ink: #0d1b26;
    --accent-over: #b4daf6;
    --good: #1b2f24;
    --good-edge: #6fc492;
    --note: #33290f;
    --note-edge: #e0b145;
  }
}
* { box-sizing: border-box; }
html { font-size: 100%; -webkit-text-size-adjust: 100%; text-size-adjust: 100%; }
body {
  margin: 0;
  background: var(--ground);
  color: var(--ink);
  font: 1.0625rem/1.6 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "Liberation Sans", sans-serif;
  overflow-wrap: break-word;
}
.page { max-width: 40rem; margin: 0 auto; padding: 1.5rem 1rem 3rem; }
.brand { margin: 0 0 1rem; padding: 0 .25rem; font-weight: 650; letter-spacing: .01em; color: var(--soft); }
main { background: var(--card); border: 1px solid var(--line); border-radius: .75rem; padding: clamp(1.25rem, 5vw, 2.25rem); }
h1 { margin: 0 0 .75rem; font-size: clamp(1.5rem, 5vw, 1.875rem); line-height: 1.25; letter-spacing: -.01em; text-wrap: balance; }
h2 { margin: 2.25rem 0 .5rem; font-size: 1.25rem; line-height: 1.3; }
h3 { margin: 1.5rem 0 .25rem; font-size: 1.0625rem; }
p { margin: 0 0 1rem; max-width: 38em; }
.soft { color: var(--soft); }
a { color: var(--accent); text-underline-offset: .15em; }
a:hover { color: var(--accent-over); }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 3px; border-radius: .25rem; }
.grants { list-style: none; margin: 0 0 1.25rem; padding: 0; border-top: 1px solid var(--line); }
.grants li { padding: .75rem 0; border-bottom: 1px solid var(--line); }
.grants strong, .grants span { display: block; }
.grants span { color: var(--soft); }
form { margin: 0; }
button {
  min-height: 2.75rem;
  min-width: 2.75rem;
  max-width: 100%;
  padding: .55rem 1.25rem;
  border: 2px solid var(--accent);
  border-radius: .5rem;
  background: var(--accent);
  color: var(--accent-ink);
  font: inherit;
  font-weight: 600;
  cursor: pointer;
}
button:hover { background: var(--accent-over); border-color: var(--accent-over); }
button.second { background: transparent; color: var(--accent); }
button.second:hover { color: var(--accent-over); }
.after { margin-top: 1.25rem; }
.after > :last-child { margin-bottom: 0; }
.said { margin: 0 0 1.25rem; padding: .75rem 1rem; border-radius: .5rem; border-left: .3rem solid var(--good-edge); background: var(--good); }
.said.note { border-color: var(--note-edge); background: var(--note); }
.said p { margin: 0; }
.group { min-width: 0; margin: 1.25rem 0 0; padding: 0 1rem; border: 1px solid var(--line); border-radius: .6rem; }
legend {
  float: left; /* keeps it inside the border */
  display: flex;
  flex-wrap: wrap;
  align-items: baseline;
  justify-content: space-between;
  gap: .15rem .75rem;
  width: 100%;
  padding: .85rem 0 0;
  font-size: 1.1875rem;
  font-weight: 650;
  line-height: 1.35;
}
legend + * { clear: both; }
.group > .soft { margin: .25rem 0 .85rem; }
.about { margin: 0; padding: .15rem 0 .85rem; color: var(--soft); }
.about + .box { border-top: 1px solid var(--line); }
.count { padding: .1rem .6rem; border-radius: 1rem; background: var(--good); color: var(--ink); font-size: .875rem; font-weight: 600; white-space: nowrap; }
.count.none { background: var(--ground); color: var(--soft); }
.box { display: grid; grid-template-columns: 1.5rem minmax(0, 1fr); column-gap: .85rem; padding: .85rem 0; }
.box + .box { border-top: 1px solid var(--line); }
.box input { grid-row: 1; width: 1.5rem; height: 1.5rem; margin: .05rem 0 0; accent-color: var(--accent); cursor: pointer; }
.box label { grid-row: 1; grid-column: 2; font-weight: 600; cursor: pointer; min-height: 1.5rem; }
.box div { grid-column: 2; }
.box p { margin: 0; }
.box .state { color: var(--soft); font-size: .9375rem; }
.save { margin: 1.5rem 0 0; }
.section { margin-top: 2.25rem; padding-top: .25rem; border-top: 1px solid var(--line); }
.section h2 { margin-top: 1.5rem; }
.where { font-weight: 650; }
footer { margin-top: 1.25rem; padding: 0 .25rem; color: var(--soft); font-size: .9375rem; }
footer p { margin: 0 0 .5rem; white-space: pre-line; }
nav ul { display: flex; flex-wrap: wrap; gap: .25rem 1.25rem; margin: 0; padding: 0; list-style: none; }
nav a { display: inline-block; padding: .3rem 0; min-height: 1.5rem; color: inherit; }
nav a:hover { color: var(--accent); }
nav [aria-current] { font-weight: 650; text-decoration: none; }
@media (forced-colors: active) {
  .said, main { border: 1px solid; }
}
@media print {
  body { background: none; }
  main { border: 0; padding: 0; }
  nav, button { display: none; }
}
`

/** Changes with every change of the stylesheet, so that it may be kept for ever under its address. */
export const styleVersion = createHash('sha256').update(stylesheet).digest('hex').slice(0, 12)

export const stylePath = '/assent.css'
