/**
 * An example request as code: for a shell, and in TypeScript for Node. Both read `API` (the address), `KEY` (an API
 * key) and the values of earlier answers from the environment.
 */
import type { Example } from './examples.ts'
import type { Route } from './routing.ts'

/** curl, in a POSIX shell; the command line never contains the value of `KEY`. */
export function curlOf(route: Route, example: Example): string {
  const lines = [
    `curl -sS${route.method === 'get' ? '' : ` -X ${route.method.toUpperCase()}`} "$API${pathOf(route, example, (name) => `$${name}`)}"`,
    '-H "Authorization: Bearer $KEY"',
    ...(example.body === undefined
      ? []
      : [`-H 'Content-Type: ${typeOf(route)}'`, `--data-binary ${quoted(writtenBody(example.body))}`]),
  ]
  return lines.join(' \\\n  ')
}

export function typescriptOf(route: Route, example: Example): string {
  const path = pathOf(route, example, (name) => `\${process.env.${name}}`)
  const type = example.body === undefined ? '' : `, 'Content-Type': '${typeOf(route)}'`
  const options = [
    ...(route.method === 'get' ? [] : [`method: '${route.method.toUpperCase()}',`]),
    `headers: { Authorization: \`Bearer \${process.env.KEY}\`${type} },`,
    ...(example.body === undefined ? [] : [`body: ${bodyCode(example.body)},`]),
  ]
  return [
    `const response = await fetch(\`\${process.env.API}${path}\`, {`,
    ...options.map((option) => `  ${option.replaceAll('\n', '\n  ')}`),
    '})',
    'console.log(response.status, await response.text())',
  ].join('\n')
}

/** @param variable how the language writes a value that an earlier example gave */
function pathOf(route: Route, example: Example, variable: (name: string) => string): string {
  const write = (value: string) =>
    value.startsWith('$') ? variable(value.slice(1)) : encodeURIComponent(value)
  const path = route.path.replace(/\{(\w+)\}/g, (_whole, name: string) =>
    write(example.params?.[name] ?? name),
  )
  const query = Object.entries(example.query ?? {}).map(([name, value]) => `${name}=${write(value)}`)
  return query.length === 0 ? path : `${path}?${query.join('&')}`
}

function typeOf(route: Route): string {
  if (route.method === 'patch') return 'application/merge-patch+json'
  return route.bodyType ?? 'application/json'
}

function writtenBody(body: unknown): string {
  return typeof body === 'string' ? body : JSON.stringify(body, null, 2)
}

/** JSON is an expression of TypeScript; keys that are names lose their quotes. */
function bodyCode(body: unknown): string {
  if (typeof body === 'string')
    return `[\n${body
      .split('\n')
      .map((line) => `  ${JSON.stringify(line)},\n`)
      .join('')}].join('\\n')`
  return `JSON.stringify(${JSON.stringify(body, null, 2).replace(/^(\s*)"([A-Za-z]\w*)":/gm, '$1$2:')})`
}

/** In single quotes for a POSIX shell. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`
}
