import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { codesOf } from '../../api/codes.ts'
import { errorDocs } from '../../api/errorDocs.ts'
import { openApi } from '../../api/openapi.ts'
import { problemKinds } from '../../api/problemKinds.ts'
import { allRoutes } from '../../api/v1/routes.ts'
import { allRefusals, catalogued } from '../../domain/refusals/catalogue.ts'
import { warnings } from '../../domain/refusals/warnings.ts'

const checkout = new URL('../../', import.meta.url).pathname

/** All code that can raise a refusal, without the catalogue and the lists made from it. */
const code = globSync('{domain,db,transactions,views,channels,activities,engine,api,pages}/**/*.ts', {
  cwd: checkout,
})
  .filter((path) => !path.startsWith('domain/refusals/') || path === 'domain/refusals/unknown.ts')
  .filter((path) => path !== 'api/codes.ts')
  // Routes list codes; only what raises one counts.
  .map((path) => readFileSync(join(checkout, path), 'utf8').replace(/refuses: \[[^\]]*\]/g, ''))
  .join('\n')

/** Raised under a name that is put together: `notFound('run', …)`. */
const putTogether = [
  [/-not-found$/, (name: string) => `'${name.replace(/-not-found$/, '')}'`],
  [/^dkim-key-/, (name: string) => `'${name.replace(/^dkim-key-/, '')}'`],
  [/^template-/, (name: string) => `'${name.replace(/^template-/, '')}'`],
] as const

function isRaised(name: string): boolean {
  if (code.includes(`'${name}'`)) return true
  return putTogether.some(([pattern, part]) => pattern.test(name) && code.includes(part(name)))
}

describe('the catalogue of refusals', () => {
  it('has each code once', () => {
    const codes = [...allRefusals.map((one) => one.code), ...Object.keys(warnings)]
    expect(codes.filter((one, place) => codes.indexOf(one) !== place)).toEqual([])
  })

  it('has no code that nothing raises', () => {
    const codes = [...allRefusals.map((one) => one.code), ...Object.keys(warnings)]
    expect(codes.filter((one) => !isRaised(one))).toEqual([])
  })

  it.each([...allRefusals, ...Object.entries(warnings).map(([name, entry]) => ({ code: name, ...entry }))])(
    '$code: is in kebab case and explained in sentences',
    ({ code: name, cause, remedy }) => {
      expect(name).toMatch(/^[a-z0-9]+(-[a-z0-9]+)*$/)
      expect([cause, remedy]).toEqual([expect.stringMatching(sentences), expect.stringMatching(sentences)])
    },
  )

  it('docs/errors.md is made from it (npm run errors:write)', () => {
    expect(readFileSync(join(checkout, 'docs/errors.md'), 'utf8')).toBe(errorDocs())
  })
})

/** Begins with a capital or code, ends with a period. */
const sentences = /^[A-Z`].*\.$/

describe('the OpenAPI document', () => {
  const { paths } = openApi('http://assent.test')

  it('names the codes of each operation by status', () => {
    for (const route of allRoutes) {
      const responses = paths?.[route.path]?.[route.method]?.responses
      for (const name of codesOf(route)) {
        const { status } = problemKinds[catalogued(name).kind]
        expect(responses?.[String(status)], `${route.operationId} ${name}`).toMatchObject({
          content: {
            'application/problem+json': {
              schema: {
                $ref: '#/components/schemas/Problem',
                properties: { code: { enum: expect.arrayContaining([name]) } },
              },
            },
          },
        })
      }
    }
  })

  it('explains the codes that only this operation answers', () => {
    for (const route of allRoutes) {
      const responses = JSON.stringify(paths?.[route.path]?.[route.method]?.responses)
      for (const name of route.refuses ?? []) {
        expect(responses, `${route.operationId} ${name}`).toContain(
          JSON.stringify(catalogued(name).cause).slice(1, -1),
        )
      }
    }
  })
})
