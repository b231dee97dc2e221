/**
 * The API's documentation as one page, made from its OpenAPI document: by tag, each operation with its parameters, its body, its
 * answers and a request to copy; named schemas at the end. No script; its style comes from /docs.css.
 */
import {
  type Description,
  descriptionShape,
  isGivenName,
  type Named,
  namedSchemas,
  type Operation,
  operationsByTag,
  type Parameter,
  type Schema,
} from './docs/description.ts'
import { curlExample } from './docs/example.ts'
import { inline, prose } from './docs/prose.ts'
import { schemaTree, shapeId, typeLabel } from './docs/schema.ts'
import { type Html, html } from './html.ts'

export { docsStyle } from './docs/style.ts'

/**
 * @param document an OpenAPI 3.1 document
 * @returns the whole page
 * @throws ZodError for a document that lacks what is shown
 */
export function docsPage(document: object): string {
  const description = descriptionShape.parse(document)
  const byTag = [...operationsByTag(description)]
  const named = namedSchemas(description)
  const shapes = [...named]
    .filter(([name]) => isGivenName(name))
    .sort(([one], [other]) => (one < other ? -1 : 1))
  const { title, version } = description.info
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${title} API ${version}</title>
<link rel="stylesheet" href="/docs.css">
</head>
<body>
<a class="skip" href="#content">Skip to content</a>
<div class="frame">
<nav class="contents" aria-label="Operations">
<p class="name">${title} <span>API ${version}</span></p>
<ul>${byTag.map(([tag, operations]) => tagContents(tag, operations))}<li class="tag"><a href="#shapes">Shapes</a></li></ul>
</nav>
<main id="content">
${introduction(description)}
${byTag.map(([tag, operations]) => tagSection(tag, operations, description, named))}
<section aria-labelledby="shapes">
<h2 id="shapes">Shapes</h2>
${shapes.map(([name, schema]) => shapeArticle(name, schema, named))}
</section>
</main>
</div>
</body>
</html>
`.toString()
}

function tagContents(tag: string, operations: readonly Operation[]): Html {
  return html`<li class="tag"><a href="#${tagId(tag)}">${tag}</a><ul>${operations.map(
    (one) =>
      html`<li><a href="#${one.operationId}"><span class="method ${one.method}">${shortMethod(one.method)}</span><span>${one.summary}</span></a></li>`,
  )}</ul></li>`
}

function introduction(description: Description): Html {
  const { title, description: text } = description.info
  return html`<header>
<h1>${title} API</h1>
${text === undefined ? null : html`<div class="lead">${prose(text)}</div>`}
<dl class="facts">
<dt>Address</dt><dd><code>${serverOf(description)}</code></dd>
<dt>Key</dt><dd><code>Authorization: Bearer …</code>; each operation names the scopes of which one suffices, and <code>admin</code> suffices for all</dd>
<dt>Errors</dt><dd><a href="#${shapeId('Problem')}">problem details</a> as <code>application/problem+json</code>, with a pointer to each field that is wrong</dd>
<dt>For machines</dt><dd><a href="/openapi.json">openapi.json</a>, OpenAPI 3.1</dd>
</dl>
</header>`
}

function tagSection(
  tag: string,
  operations: readonly Operation[],
  description: Description,
  named: Named,
): Html {
  return html`<section aria-labelledby="${tagId(tag)}">
<h2 id="${tagId(tag)}">${tag}</h2>
${operations.map((one) => operationArticle(one, description, named))}
</section>`
}

function operationArticle(operation: Operation, description: Description, named: Named): Html {
  const { said, scopes } = parted(operation.description)
  return html`<article id="${operation.operationId}" aria-labelledby="${operation.operationId}-name">
<h3 id="${operation.operationId}-name">${operation.summary}</h3>
<p class="where"><span class="method ${operation.method}">${operation.method}</span> <code class="path">${pathOf(operation.path)}</code></p>
${said === null ? null : prose(said)}
${scopes === null ? null : html`<p class="scopes">${inline(scopes)}</p>`}
<div class="two">
<div>
${parameterList(operation.parameters ?? [], named)}
${bodyOf(operation, named)}
${answersOf(operation, named)}
</div>
<div class="example">
<h4>Example</h4>
<pre tabindex="0" aria-label="Example request"><code>${curlExample(operation, serverOf(description), named)}</code></pre>
</div>
</div>
</article>
`
}

function parameterList(parameters: readonly Parameter[], named: Named): Html | null {
  if (parameters.length === 0) return null
  return html`<h4>Parameters</h4>
<dl class="fields">${parameters.map(
    (one) =>
      html`<div class="field"><dt><code class="key">${one.name}</code> <span class="type">in the ${one.in}, ${typeLabel(one.schema ?? {}, named)}</span>${
        one.required === true ? html` <span class="required">required</span>` : null
      }</dt><dd>${one.description === undefined ? null : prose(one.description)}</dd></div>`,
  )}</dl>`
}

function bodyOf(operation: Operation, named: Named): Html | null {
  const bodies = Object.entries(operation.requestBody?.content ?? {})
  if (bodies.length === 0) return null
  return html`${bodies.map(
    ([type, { schema }]) =>
      html`<h4>Body <code>${type}</code></h4>${schema === undefined ? null : schemaTree(schema, named)}`,
  )}`
}

/** What may go right, with its shape; what may go wrong is alike everywhere and told in a line. */
function answersOf(operation: Operation, named: Named): Html {
  const answers = Object.entries(operation.responses)
  const problems = answers.filter(([status]) => Number(status) >= 400)
  return html`<h4>Answers</h4>
<ul class="answers">${answers
    .filter(([status]) => Number(status) < 400)
    .map(
      ([status, { description, content }]) =>
        html`<li><code class="status good">${status}</code>${inline(description)}${Object.entries(
          content ?? {},
        ).map(
          ([type, { schema }]) =>
            html`${type === 'application/json' ? null : html` <span class="type">${type}</span>`}${
              schema === undefined
                ? null
                : html`<details><summary>${shapeName(schema.$ref)}</summary>${schemaTree(schema, named)}</details>`
            }`,
        )}</li>`,
    )}</ul>
${
  problems.length === 0
    ? null
    : html`<ul class="problems" aria-label="Problems">${problems.map(
        ([status, { description }]) =>
          html`<li><code class="status bad">${status}</code>${inline(description)}</li>`,
      )}</ul>`
}`
}

function shapeName(reference: string | undefined): string {
  const name = reference?.split('/').at(-1)
  return name === undefined || !isGivenName(name) ? 'What it holds' : name
}

function shapeArticle(name: string, schema: Schema, named: Named): Html {
  return html`<article id="${shapeId(name)}" aria-labelledby="${shapeId(name)}-name">
<h3 id="${shapeId(name)}-name">${name}</h3>
${schema.description === undefined ? null : prose(schema.description)}
${schemaTree(schema, named, [name])}
</article>
`
}

/** The API writes the scopes as the last paragraph of a description. */
function parted(description: string | undefined): { said: string | null; scopes: string | null } {
  const paragraphs = (description ?? '').split(/\n{2,}/).filter((text) => text !== '')
  const scopes = paragraphs.find((text) => text.startsWith('Scopes: ')) ?? null
  const said = paragraphs.filter((text) => text !== scopes)
  return { said: said.length === 0 ? null : said.join('\n\n'), scopes }
}

/** A path with its parameters set off. */
function pathOf(path: string): Html {
  return html`${path.split(/(\{\w+\})/).map((part) => (part.startsWith('{') ? html`<b>${part}</b>` : html`${part}`))}`
}

function serverOf(description: Description): string {
  return (description.servers[0]?.url ?? '').replace(/\/$/, '')
}

function tagId(tag: string): string {
  return `tag-${tag.toLowerCase().replace(/[^a-z0-9]+/g, '-')}`
}

function shortMethod(method: string): string {
  return method === 'delete' ? 'del' : method
}
