/** The documentation keeps up with the code: its links lead somewhere, and the files and tests it names exist. */
import { existsSync, globSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { describe, expect, it } from 'vitest'

const checkout = new URL('../../', import.meta.url).pathname
const pages = ['README.md', ...globSync('{docs,examples}/*.md', { cwd: checkout })].sort()

function read(page: string): string {
  return readFileSync(join(checkout, page), 'utf8')
}

/** A page without its blocks of code, in which a `#` is no heading and a bracket no link. */
function prose(page: string): string {
  return read(page).replace(/^ *```.*?^ *```$/gms, '')
}

/** The anchors of a page, made from its headings as GitHub makes them. */
function anchorsOf(page: string): string[] {
  return [...prose(page).matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  )
}

function broken(page: string, link: string): boolean {
  const [path = '', anchor] = link.split('#')
  const target = path === '' ? page : relative(checkout, join(checkout, dirname(page), path))
  if (!existsSync(join(checkout, target))) return true
  return anchor !== undefined && !anchorsOf(target).includes(anchor)
}

describe.each(pages)('%s', (page) => {
  it('has links that lead to a file, and to a heading of it', () => {
    const links = [...prose(page).matchAll(/\]\(([^)\s]+)\)/g)].map(([, link = '']) => link)
    const ours = links.filter((link) => !/^[a-z]+:/.test(link))
    expect(ours.filter((link) => broken(page, link))).toEqual([])
  })

  it('names files that exist', () => {
    const named = [...prose(page).matchAll(/`([\w./-]+\/[\w.-]+\.(?:ts|mjs|json|sql))`/g)].map(
      ([, path = '']) => path,
    )
    const missing = named.filter(
      (path) =>
        !path.startsWith('.assent/') &&
        globSync(`{${path},*/**/${path}}`, { cwd: checkout, exclude: (name) => name === 'node_modules' })
          .length === 0,
    )
    expect(missing).toEqual([])
  })

  it('has lines of prose that end at about 120 columns', () => {
    const long = prose(page)
      .split('\n')
      .filter((line) => line.length > 125 && !line.startsWith('|'))
    expect(long).toEqual([])
  })
})

describe('the table of invariants', () => {
  it('names tests that exist', () => {
    const [, table = ''] = read('docs/architecture.md').split(
      '## Invariants, and the tests that try to break them\n',
    )
    const rows =
      table
        .split('\n## ')[0]
        ?.split('\n')
        .filter((line) => /^\| \d/.test(line)) ?? []
    const tests = rows.flatMap((row) =>
      [...(row.split('|')[3] ?? '').matchAll(/`([^`]+)`/g)].map(([, name = '']) => name),
    )
    expect(tests.length).toBeGreaterThan(20)
    const missing = tests.filter(
      (name) => globSync(`test/${name}{.test,}.ts`, { cwd: checkout }).length === 0,
    )
    expect(missing).toEqual([])
  })
})
