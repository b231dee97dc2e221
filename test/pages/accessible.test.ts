/** Every page in a real browser: no violation that axe finds, light and dark, and nothing to scroll sideways at 320 pixels. */
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { type Browser, chromium } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { browserPath } from '../../dev/browser.ts'
import { stylesheet } from '../../pages/style.ts'
import { pagesIn } from './views.ts'

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
const findings = z.array(z.object({ id: z.string(), nodes: z.array(z.object({ html: z.string() })) }))

let browser: Browser

beforeAll(async () => {
  browser = await chromium.launch({ executablePath: browserPath(), args: ['--no-sandbox'] })
})
afterAll(() => browser.close())

describe.each([
  { colorScheme: 'light', width: 900, language: 'nl' },
  { colorScheme: 'dark', width: 320, language: 'de' },
] as const)('$colorScheme at $width pixels', ({ colorScheme, width, language }) => {
  const pages = pagesIn(language)
  it('every page can be used by everybody', async () => {
    const context = await browser.newContext({ colorScheme, viewport: { width, height: 800 } })
    const page = await context.newPage()
    await page.route('**/*', (route) => {
      const { pathname } = new URL(route.request().url())
      if (pathname === '/assent.css') return route.fulfill({ contentType: 'text/css', body: stylesheet })
      const found = pages[Number(pathname.slice(1))]?.page ?? ''
      return route.fulfill({ contentType: 'text/html; charset=utf-8', body: found })
    })
    for (const [place, { name }] of pages.entries()) {
      await page.goto(`http://pages.example/${place}`)
      await page.evaluate(axe)
      const violations = findings.parse(await page.evaluate('axe.run().then(({ violations }) => violations)'))
      expect(violations, name).toEqual([])
      const sideways = await page.evaluate('document.documentElement.scrollWidth - innerWidth')
      expect(sideways, name).toBeLessThanOrEqual(0)
      const small = await page.evaluate(
        `[...document.querySelectorAll('button, input[type=checkbox], nav a')]
          .filter((one) => { const { width, height } = one.getBoundingClientRect(); return width < 24 || height < 24 })
          .map((one) => one.outerHTML)`,
      )
      expect(small, name).toEqual([])
    }
    await context.close()
  })
})
