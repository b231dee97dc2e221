/** The stylesheet of /docs, light and dark. Contrasts meet WCAG 2.2 AA. */
export const docsStyle = `:root {
  color-scheme: light dark;
  --ground: #f6f5f1;
  --card: #ffffff;
  --ink: #1c2126;
  --soft: #545c64;
  --line: #dcdad3;
  --accent: #1b5e8c;
  --code: #efede6;
  --example: #1d2430;
  --example-ink: #e8ebf0;
  --get: #1b5e8c;
  --put: #7a5200;
  --post: #1f6b41;
  --delete: #a12d25;
  --badge-ink: #ffffff;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ground: #14171a;
    --card: #1c2024;
    --ink: #ecebe8;
    --soft: #aab1b8;
    --line: #343a40;
    --accent: #8ec5ee;
    --code: #2a3036;
    --example: #0f1215;
    --example-ink: #dfe4ea;
    --get: #8ec5ee;
    --put: #e6bd62;
    --post: #7fd0a2;
    --delete: #f2a199;
    --badge-ink: #12161a;
  }
}
* { box-sizing: border-box; }
html { font-size: 100%; text-size-adjust: 100%; -webkit-text-size-adjust: 100%; scroll-padding-top: 1rem; }
body {
  margin: 0;
  background: var(--ground);
  color: var(--ink);
  font: 1rem/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "Liberation Sans", sans-serif;
  overflow-wrap: break-word;
}
a { color: var(--accent); text-underline-offset: .15em; }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; border-radius: .25rem; }
code, pre { font-family: ui-monospace, "SF Mono", Menlo, Consolas, "Liberation Mono", monospace; font-size: .875em; }
code { background: var(--code); padding: .1em .3em; border-radius: .25rem; }
p { margin: 0 0 .75rem; max-width: 44em; }
.skip { position: absolute; left: -99rem; }
.skip:focus { left: 1rem; top: 1rem; background: var(--card); padding: .5rem 1rem; z-index: 1; }
.frame { display: grid; grid-template-columns: 19rem minmax(0, 1fr); }
.contents {
  position: sticky; top: 0; align-self: start; height: 100vh; overflow-y: auto;
  padding: 1.5rem 1rem 3rem 1.5rem; border-right: 1px solid var(--line); font-size: .9rem;
}
.contents .name { margin: 0 0 1rem; font-size: 1.125rem; font-weight: 700; }
.contents .name span { color: var(--soft); font-weight: 400; font-size: .875rem; }
.contents ul { list-style: none; margin: 0; padding: 0; }
.contents .tag > a { display: block; margin-top: .9rem; padding: .15rem 0; font-weight: 650; color: inherit; text-decoration: none; }
.contents .tag li a { display: flex; gap: .5rem; align-items: baseline; padding: .2rem 0; color: var(--soft); text-decoration: none; line-height: 1.35; }
.contents a:hover { color: var(--accent); text-decoration: underline; }
.method { flex: none; font: 700 .6875rem/1.5 ui-monospace, Menlo, Consolas, "Liberation Mono", monospace; letter-spacing: .03em; text-transform: uppercase; }
.contents .method { width: 3.1rem; color: var(--soft); }
.contents .get { color: var(--get); } .contents .put { color: var(--put); }
.contents .post { color: var(--post); } .contents .delete { color: var(--delete); }
main { padding: 2.25rem clamp(1rem, 3.5vw, 3rem) 5rem; max-width: 90rem; }
h1 { margin: 0 0 .5rem; font-size: clamp(1.75rem, 4vw, 2.25rem); line-height: 1.2; letter-spacing: -.015em; }
h2 { margin: 3.5rem 0 1rem; font-size: 1.5rem; line-height: 1.25; letter-spacing: -.01em; }
h3 { margin: 0; font-size: 1.125rem; line-height: 1.35; }
h4 { margin: 1.5rem 0 .4rem; font-size: .8125rem; letter-spacing: .06em; text-transform: uppercase; color: var(--soft); }
h4 code { text-transform: none; letter-spacing: 0; font-weight: 400; }
.lead { font-size: 1.0625rem; }
.facts { display: grid; grid-template-columns: max-content minmax(0, 1fr); gap: .35rem 1.5rem; margin: 1.25rem 0 0; }
.facts dt { color: var(--soft); }
.facts dd { margin: 0; }
article { margin: 0 0 1.5rem; padding: 1.25rem clamp(1rem, 2.5vw, 1.75rem) 1.5rem; background: var(--card); border: 1px solid var(--line); border-radius: .75rem; }
.where { display: flex; flex-wrap: wrap; gap: .6rem; align-items: center; margin: .5rem 0 .75rem; }
.where .method { padding: .15rem .55rem; border-radius: .3rem; color: var(--badge-ink); background: var(--soft); font-size: .75rem; }
.where .get { background: var(--get); } .where .put { background: var(--put); }
.where .post { background: var(--post); } .where .delete { background: var(--delete); }
.where .path { background: none; padding: 0; font-size: .95rem; overflow-wrap: anywhere; }
.where b { color: var(--accent); font-weight: 600; }
.scopes { color: var(--soft); font-size: .9375rem; margin: 0; }
.two > * { min-width: 0; }
@media (min-width: 72rem) {
  .two { display: grid; grid-template-columns: minmax(0, 1.25fr) minmax(0, 1fr); gap: 2.25rem; }
  .two > .example { position: sticky; top: 1rem; align-self: start; }
}
.fields { margin: 0; border-top: 1px solid var(--line); }
.field { padding: .55rem 0; border-bottom: 1px solid var(--line); }
.field dt { line-height: 1.5; }
.field dd { margin: .1rem 0 0; }
.field p { margin: 0; }
.key { font-weight: 650; background: none; padding: 0; font-size: .9375rem; }
.type { color: var(--soft); font-size: .875rem; }
.required { font-size: .75rem; font-weight: 650; color: var(--delete); }
.limits { color: var(--soft); font-size: .875rem; }
.inner { margin: .5rem 0 0 .15rem; padding-left: .9rem; border-left: 2px solid var(--line); }
.inner > .fields { border-top: 0; }
.inner > .fields > .field:last-child { border-bottom: 0; }
.choices { list-style: none; margin: 0; padding: 0; }
.choices > li { padding: .35rem 0; }
.choices > li + li { border-top: 1px dashed var(--line); }
.answers { list-style: none; margin: 0; padding: 0; }
.answers > li { padding: .3rem 0; }
.answers .type { margin-left: .35rem; }
.status { font-weight: 700; background: none; padding: 0; margin-right: .5rem; }
.good { color: var(--post); }
.bad { color: var(--delete); }
details > summary { cursor: pointer; padding: .15rem 0; color: var(--accent); width: max-content; max-width: 100%; }
details > summary:hover { text-decoration: underline; }
details[open] > summary { margin-bottom: .35rem; }
.problems { display: flex; flex-wrap: wrap; gap: .15rem 1.25rem; margin: .15rem 0 0; padding: 0; list-style: none; font-size: .9375rem; color: var(--soft); }
.problems .status { font-size: .875rem; }
pre { margin: 0; padding: 1rem 1.1rem; overflow-x: auto; border-radius: .5rem; background: var(--example); color: var(--example-ink); line-height: 1.5; tab-size: 2; border: 1px solid var(--line); }
pre code { background: none; padding: 0; }
@media (max-width: 56rem) {
  .frame { display: block; }
  .contents { position: static; height: auto; border-right: 0; border-bottom: 1px solid var(--line); padding: 1rem; }
  .contents > ul { display: flex; flex-wrap: wrap; gap: .25rem 1.1rem; }
  .contents .tag > a { margin: 0; padding: .3rem 0; color: var(--accent); text-decoration: underline; }
  .contents .tag ul { display: none; }
  main { padding-top: 1.5rem; }
  .facts { grid-template-columns: minmax(0, 1fr); gap: .1rem; }
  .facts dd { margin-bottom: .6rem; }
}
@media (forced-colors: active) { .where .method { border: 1px solid; } }
@media print {
  .contents, .skip { display: none; }
  .frame { display: block; }
  article { break-inside: avoid; border: 0; padding: 0; }
}
`
