/** The API reference at /docs, in a browser, as it is served. */
import { type Browser, chromium, type Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { browserPath } from '../../dev/browser.ts'
import { type Assent, startAssent } from '../harness/assent.ts'
import { putBrand } from '../harness/fixtures.ts'
import { testKeys } from '../harness/keys.ts'

let assent: Assent
let browser: Browser

beforeAll(async () => {
  assent = await startAssent({ worker: false })
  await putBrand(assent.api)
  browser = await chromium.launch({ executablePath: browserPath(), args: ['--no-sandbox'] })
})
afterAll(async () => {
  await browser?.close()
  await assent?.stop()
})

type Opened = { page: Page; complaints: string[]; foreign: string[] }

/** The reference, with what it complained of and what it asked of others. */
async function openDocs(viewport: { width: number; height: number }): Promise<Opened> {
  const page = await browser.newPage({ viewport })
  const complaints: string[] = []
  const foreign: string[] = []
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text())
  })
  page.on('pageerror', (error) => complaints.push(error.message))
  page.on('request', (request) => {
    const { origin, protocol } = new URL(request.url())
    if (protocol !== 'data:' && origin !== assent.url) foreign.push(request.url())
  })
  await page.goto(`${assent.url}/docs`)
  await page.getByRole('heading', { name: 'Assent', exact: true }).waitFor()
  return { page, complaints, foreign }
}

test('nothing is loaded from elsewhere, scripts from nowhere but the page, and no error is logged', async () => {
  const { page, complaints, foreign } = await openDocs({ width: 1280, height: 900 })
  const policy = (await (await fetch(`${assent.url}/docs`)).headers.get('Content-Security-Policy')) ?? ''
  expect(policy).toContain("default-src 'none'")
  expect(policy).toMatch(/script-src 'nonce-[\w-]{20,}'/)
  expect(policy).toContain("connect-src 'self'")
  await page.mouse.wheel(0, 20_000)
  await page.getByRole('heading', { name: 'Create or replace a compliance profile' }).waitFor()
  expect({ complaints, foreign }).toEqual({ complaints: [], foreign: [] })
})

test('search finds an operation by its words', async () => {
  const { page, complaints, foreign } = await openDocs({ width: 1280, height: 900 })
  await page.keyboard.press('Control+k')
  await page.getByRole('combobox').fill('evidence pack')
  const found = page.getByRole('option', { name: /evidence pack of an address/i }).first()
  await found.click()
  await page.waitForURL(/evidence/)
  expect({ complaints, foreign }).toEqual({ complaints: [], foreign: [] })
})

test('"try it" sends a request with the given key and shows the answer', async () => {
  const { page, complaints, foreign } = await openDocs({ width: 1280, height: 900 })
  await page.getByPlaceholder('Token').first().fill(testKeys.ASSENT_API_KEY)
  await page.goto(`${assent.url}/docs#tag/profiles/GET/v1/profiles/{key}`)
  await page.getByRole('button', { name: 'Test Request' }).first().click()
  const answered = page.waitForResponse((response) => response.url().includes('/v1/profiles'))
  await page.getByRole('button', { name: /^Send/ }).first().click()
  expect((await answered).status()).toBe(200)
  expect({ complaints, foreign }).toEqual({ complaints: [], foreign: [] })
})

test('it fits a phone', async () => {
  const { page } = await openDocs({ width: 375, height: 800 })
  const width = Number(await page.evaluate('document.documentElement.scrollWidth'))
  expect(width).toBeLessThanOrEqual(375)
})
