/** The demo as a person clicks through it, in a browser, on the very stack that `npm start` brings up. */
import { type Browser, type BrowserContext, chromium, type Locator, type Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { browserPath } from '../../dev/browser.ts'
import { until } from '../harness/until.ts'
import { startWholeStack, type WholeStack } from './wholeStack.ts'

const mailShape = z.object({
  id: z.string(),
  subject: z.string(),
  to: z.array(z.object({ address: z.string() })),
})

let stack: WholeStack
let browser: Browser
let context: BrowserContext
/** What a page complained of: scripts that failed, and what the content security policy stopped. */
const complaints: string[] = []

beforeAll(async () => {
  stack = await startWholeStack()
  browser = await chromium.launch({ executablePath: browserPath(), args: ['--no-sandbox'] })
  context = await newVisitor()
  context.on('weberror', (error) => complaints.push(String(error.error())))
  context.on('console', (message) => {
    if (message.type() === 'error') complaints.push(message.text())
  })
})

afterAll(async () => {
  await browser?.close()
  expect(await stack?.stop()).toBe(0)
})

describe('the demo shop', () => {
  it('shows why no reminder is sent, signs up, welcomes after the confirmation, reminds, and stops after unsubscribing', async () => {
    const address = 'shopper@example.com'
    const shop = await context.newPage()
    await shop.goto(stack.addresses.shop)
    const cart = shop.getByRole('form', { name: 'Your cart' })
    const letters = shop.getByRole('form', { name: 'Letters from the trail' })

    await cart.getByLabel('E-mail address').fill(address)
    await cart.getByRole('button', { name: 'Leave the cart' }).click()
    await appears(entry(shop, 'Left the cart').getByText('abandoned-cart'))
    // Ten seconds later the journey asks for consent, and is refused.
    await appears(entry(shop, 'Left the cart').getByText('no-topic-consent'))
    expect(await mailsTo(address)).toEqual([])

    await letters.getByLabel('First name').fill('Robin')
    for (const box of ['Newsletter', 'Reminders and offers', 'Opens and clicks']) {
      expect(await letters.getByLabel(box).isChecked()).toBe(false)
    }
    await letters.getByLabel('Newsletter').check()
    await letters.getByLabel('Reminders and offers').check()
    await letters.getByRole('button', { name: 'Sign up' }).click()
    const signUp = entry(shop, 'Signed up for Newsletter, Reminders and offers')
    await appears(signUp.getByText('pending', { exact: true }))

    const confirmation = await openMail(context, address, 'Please confirm your sign-up')
    await confirmation.getByRole('link', { name: 'Look and confirm' }).click()
    await appears(confirmation.getByRole('heading', { name: 'Please confirm' }))
    expect(await consents(shop)).toEqual({
      Newsletter: 'pending',
      'Reminders and offers': 'pending',
      'Opens and clicks': 'none',
    })
    await confirmation.getByRole('button', { name: 'Yes, I confirm' }).click()
    await appears(confirmation.getByRole('heading', { name: 'Thank you for confirming' }))
    await appears(signUp.getByText('confirmed', { exact: true }))
    await appears(signUp.getByText('newsletter-welcome'))
    expect(await consents(shop)).toEqual({
      Newsletter: 'opted-in',
      'Reminders and offers': 'opted-in',
      'Opens and clicks': 'none',
    })

    const welcome = await openMail(context, address, 'Welcome to the trail')
    await appears(welcome.getByRole('heading', { name: 'Welcome, Robin' }))

    await cart.getByRole('button', { name: 'Leave the cart' }).click()
    const reminder = await openMail(context, address, 'Still in your cart: Ember storm lantern')
    // Without consent to statistics there is no pixel, and links lead where they say.
    expect(await reminder.getByRole('img').count()).toBe(0)
    expect(await reminder.getByRole('link', { name: 'Back to your cart' }).getAttribute('href')).toBe(
      stack.addresses.shop,
    )

    await cart.getByRole('button', { name: 'Buy now' }).click()
    await appears(entry(shop, /^Bought, as order/).getByText('order-confirmation'))
    await appears(entry(shop, /^Bought, as order/).getByText('ended at once'))
    await openMail(context, address, /^Your order N-\d+$/)

    await welcome.getByRole('link', { name: 'unsubscribe' }).click()
    await appears(welcome.getByText('Do you want to stop receiving “Newsletter”'))
    expect((await consents(shop)).Newsletter).toBe('opted-in')
    await welcome.getByRole('button', { name: 'Unsubscribe' }).click()
    await appears(welcome.getByRole('heading', { name: 'You are unsubscribed' }))
    await until('the opt-out in the shop', async () => (await consents(shop)).Newsletter === 'opted-out')
    expect((await consents(shop))['Reminders and offers']).toBe('opted-in')
    expect(complaints).toEqual([])
  }, 120_000)

  it('sees opens and clicks of a visitor who agreed to statistics', async () => {
    const address = 'open-book@example.com'
    const visitor = await newVisitor()
    const shop = await visitor.newPage()
    await shop.goto(stack.addresses.shop)
    const letters = shop.getByRole('form', { name: 'Letters from the trail' })
    await letters.getByLabel('E-mail address').fill(address)
    await letters.getByLabel('Opens and clicks').check()
    await letters.getByRole('button', { name: 'Sign up' }).click()
    const confirmation = await openMail(visitor, address, 'Please confirm your sign-up')
    await confirmation.getByRole('link', { name: 'Look and confirm' }).click()
    await confirmation.getByRole('button', { name: 'Yes, I confirm' }).click()
    await until('the consent', async () => (await consents(shop))['Opens and clicks'] === 'opted-in')

    await shop.getByRole('button', { name: 'Buy now' }).click()
    const order = await openMail(visitor, address, /^Your order N-\d+$/)
    await order.getByRole('link', { name: 'Look at your order' }).click()
    await order.waitForURL(stack.addresses.shop)
    await appears(entry(shop, /^Bought, as order/).getByText('looked it happened'))
    await visitor.close()
  })

  it('does not know the API key in any page', async () => {
    const page = await context.newPage()
    await page.goto(stack.addresses.shop)
    expect(await page.content()).not.toContain(stack.addresses.apiKey)
    await page.getByRole('link', { name: 'Details of this run' }).first().click()
    await appears(page.getByRole('heading', { name: 'Why each message was sent or not' }))
    expect(await page.content()).not.toContain(stack.addresses.apiKey)
  })

  it('leads to the mailbox, the Temporal UI and the API docs', async () => {
    const page = await context.newPage()
    await page.goto(stack.addresses.shop)
    for (const name of ['Mailbox', 'Temporal UI', 'API docs']) {
      const link = page.getByRole('navigation').getByRole('link', { name })
      expect((await page.request.get((await link.getAttribute('href')) ?? '')).status()).toBe(200)
    }
  })

  it('works without scripts', async () => {
    const plain = await browser.newContext({ javaScriptEnabled: false })
    const page = await plain.newPage()
    await page.goto(stack.addresses.shop)
    const cart = page.getByRole('form', { name: 'Your cart' })
    await cart.getByLabel('E-mail address').fill('without-scripts@example.com')
    await cart.getByRole('button', { name: 'Buy now' }).click()
    await until('the mail in the log', async () => {
      await page.getByRole('link', { name: 'Refresh' }).click()
      await page.reload()
      return (await page.getByText('confirm sent').count()) === 1
    })
    await plain.close()
  })
})

/** Somebody with a browser of their own, which does not call itself headless: that would count as a machine. */
function newVisitor(): Promise<BrowserContext> {
  const userAgent = `Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/${browser.version()} Safari/537.36`
  return browser.newContext({ locale: 'en-GB', userAgent })
}

/** The newest entry of the shop's log with this title. */
function entry(shop: Page, title: string | RegExp): Locator {
  return shop
    .getByRole('listitem')
    .filter({ has: shop.getByRole('heading', { name: title, level: 3 }) })
    .first()
}

async function appears(place: Locator): Promise<void> {
  await place.first().waitFor({ state: 'visible', timeout: 40_000 })
}

/** How the shop says that the visitor's consents stand, freshly asked. */
async function consents(shop: Page): Promise<Record<string, string>> {
  const fresh = await shop.request.get(new URL('/activity', shop.url()).href)
  const rows = (await fresh.text()).matchAll(/<dt>([^<]+)<\/dt><dd><span class="pill[^"]*">([^<]+)</g)
  return Object.fromEntries([...rows].map(([, name = '', state = '']) => [name, state]))
}

async function mailsTo(address: string): Promise<z.infer<typeof mailShape>[]> {
  const answer = await fetch(new URL('/email', stack.addresses.mailbox.api))
  const mails = z.array(mailShape).parse(await answer.json())
  return mails.filter(({ to }) => to.some((one) => one.address === address))
}

/** Waits for the mail and opens it as the mailbox shows it. */
async function openMail(context: BrowserContext, address: string, subject: string | RegExp): Promise<Page> {
  const mail = await until(`a mail "${subject}" to ${address}`, async () =>
    (await mailsTo(address)).find((one) =>
      typeof subject === 'string' ? one.subject === subject : subject.test(one.subject),
    ),
  )
  const page = await context.newPage()
  await page.goto(new URL(`/email/${mail.id}/html`, stack.addresses.mailbox.ui).href)
  return page
}
