/** The demo shop records what its visitors read, and nothing of them where it must not be. */
import { describe, expect, it } from 'vitest'
import { externalIdOf, readEmail } from '../../demo/actions.ts'
import { boxes, notice } from '../../demo/consentForm.ts'
import { html } from '../../demo/html.ts'
import { activityOf } from '../../demo/pages/activity.ts'
import { homePage } from '../../demo/pages/home.ts'
import { products, sum } from '../../demo/products.ts'
import { newCart, remember, Visitors } from '../../demo/visitors.ts'
import { readHtml } from '../../domain/messages/html.ts'
import { purposeShape } from '../../domain/shapes/purpose.ts'
import { readExamples } from '../../examples/read.ts'

const places = {
  mailboxUi: 'http://127.0.0.1:1080',
  temporalUi: 'http://127.0.0.1:8233',
  docs: 'http://127.0.0.1:3000/docs',
}
const pageFor = (visitor = new Visitors().welcome()) =>
  homePage(visitor, 'a-form-of-a-page', places, html`<p>nothing</p>`).text

describe('the sign-up form', () => {
  it('shows every sentence that is recorded as the wording agreed to', () => {
    const seen = readHtml(pageFor()).text.replace(/\s+/g, ' ')
    const sentences = notice.wording.split('\n').flatMap((line) => line.split(/(?<=^[A-Z][\w ]+): /))
    expect(sentences).toHaveLength(1 + 2 * boxes.length)
    for (const sentence of sentences) expect(seen).toContain(sentence)
  })

  it('has no box ticked beforehand, even for a visitor who ticked it before', () => {
    const visitor = new Visitors().welcome()
    visitor.email = 'shopper@example.com'
    const inputs = pageFor(visitor).match(/<input[^>]*name="ticked"[^>]*>/g) ?? []
    expect(inputs).toHaveLength(boxes.length)
    for (const input of inputs) expect(input).not.toContain('checked')
  })

  it('calls each consent what the preference centre, the confirmation and the evidence call it', () => {
    const purposes = new Map(readExamples().purposes.map(({ key, body }) => [key, purposeShape.parse(body)]))
    for (const { name, wording, grant } of boxes) {
      const purpose = purposes.get(grant.purpose)
      const named = purpose?.topics.find(({ key }) => key === grant.topic) ?? purpose
      expect({ name, wording }).toEqual({ name: named?.name, wording: named?.description })
    }
  })

  it('grants only what the example purposes and topics know', () => {
    const purposes = new Map(readExamples().purposes.map(({ key, body }) => [key, purposeShape.parse(body)]))
    for (const { grant } of boxes) {
      const purpose = purposes.get(grant.purpose)
      expect(['commercial', 'tracking']).toContain(purpose?.kind)
      if (grant.topic !== undefined) expect(purpose?.topics.map(({ key }) => key)).toContain(grant.topic)
    }
  })
})

describe('the cart', () => {
  it('holds enough at first for the reminder journey to take it', () => {
    const { chosen } = new Visitors().welcome()
    expect(sum(products.filter(({ key }) => chosen.includes(key)))).toBeGreaterThanOrEqual(20)
  })

  it('is never the same for two visitors', () => {
    expect(newCart()).not.toBe(newCart())
  })
})

describe('a customer of the shop', () => {
  it('has the same external id for each way to write the address, and it does not show the address', () => {
    const ids = ['Shopper@Example.com', ' shopper@example.com '].map((text) =>
      externalIdOf('secret', readEmail(text) ?? text),
    )
    expect(new Set(ids).size).toBe(1)
    expect(ids[0]).toMatch(/^shop-[0-9a-f]{20}$/)
    expect(externalIdOf('another secret', 'shopper@example.com')).not.toBe(ids[0])
  })

  it('cannot bring markup into a page', () => {
    const visitor = new Visitors().welcome()
    visitor.name = '"><script>alert(1)</script>'
    expect(pageFor(visitor)).not.toContain('<script>alert')
  })
})

describe('the log', () => {
  it('says why a message was not sent, and leads to its workflow', () => {
    const visitor = new Visitors().welcome()
    remember(visitor, {
      at: new Date(0),
      title: 'Left the cart',
      request: 'POST /v1/triggers/cart.abandoned',
      status: 202,
      problem: null,
      remark: '',
      runs: ['run-1'],
      doubleOptIn: null,
    })
    const [action] = visitor.actions
    if (action === undefined) throw new Error('nothing was remembered')
    const step = {
      step: 'remind',
      at: '2026-11-23T08:00:00.000Z',
      outcome: 'blocked',
      reason: 'no-topic-consent',
    }
    const run = {
      id: 'run-1',
      journey: 'abandoned-cart',
      version: 1,
      state: 'exited',
      workflowId: 'abandoned-cart:run-1',
      path: [step],
    }
    const page = activityOf(
      { consents: null, email: '', seen: [{ action, doubleOptIn: null, runs: [run] }] },
      places,
    ).text
    expect(readHtml(page).text).toContain('no-topic-consent')
    expect(readHtml(page).text).toContain('there is none for this topic')
    expect(readHtml(page).hrefs).toContain(
      'http://127.0.0.1:8233/namespaces/default/workflows/abandoned-cart%3Arun-1',
    )
  })

  it('forgets the oldest visitor rather than grow for ever', () => {
    const visitors = new Visitors()
    const first = visitors.welcome()
    for (let i = 0; i < 600; i++) visitors.welcome()
    expect(visitors.find(first.id)).toBeUndefined()
  })
})
