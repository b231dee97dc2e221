import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { classify } from '../../../domain/interactions/classify.ts'

const chrome =
  'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36'
const appleMail = 'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko)'
const outlook = 'Microsoft Office/16.0 (Windows NT 10.0; Microsoft Outlook 16.0.12026; Pro)'
const gmail = 'Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)'
const yahoo = 'YahooMailProxy; https://help.yahoo.com/kb/yahoo-mail-proxy-SLN28749.html'

const classOf = (kind: 'opened' | 'clicked', userAgent: string | null, purpose: string | null = null) =>
  classify({ kind, userAgent, purpose })

describe('an open', () => {
  it.each([chrome, appleMail, outlook, gmail, yahoo])('by %s is a person', (agent) => {
    expect(classOf('opened', agent)).toBe('human')
  })

  it('by Apple Mail Privacy Protection, which says nothing but "Mozilla/5.0", is a proxy', () => {
    expect(classOf('opened', 'Mozilla/5.0')).toBe('proxy')
    expect(classOf('opened', ' mozilla/5.0 ')).toBe('proxy')
  })

  it.each([null, '', '   ', 'curl/8.9.1', 'python-requests/2.32', 'Googlebot/2.1'])(
    'by %s is a machine',
    (agent) => {
      expect(classOf('opened', agent)).toBe('bot')
    },
  )
})

describe('a click', () => {
  it.each([chrome, appleMail])('by %s is a person', (agent) => {
    expect(classOf('clicked', agent)).toBe('human')
  })

  it.each([
    null,
    '',
    'Mozilla/5.0',
    'Mozilla/5.0 (compatible; Barracuda)',
    'Mozilla/5.0 (compatible; SafeLinks)',
    'Mimecast URL Protect',
    'Microsoft Office Existence Discovery',
    'Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)',
  ])('by %s is a machine', (agent) => {
    expect(classOf('clicked', agent)).toBe('bot')
  })

  it('through an image proxy counts as no person’s', () => {
    expect(classOf('clicked', gmail)).toBe('proxy')
  })
})

it.each(['prefetch', 'prefetch;prerender', 'preview'])(
  'a browser that fetches in advance (%s) is no person yet',
  (purpose) => {
    expect(classOf('clicked', chrome, purpose)).toBe('bot')
    expect(classOf('opened', chrome, purpose)).toBe('bot')
  },
)

it('any header at all gets a class', () => {
  fc.assert(
    fc.property(fc.constantFrom('opened' as const, 'clicked' as const), fc.string(), (kind, agent) => {
      expect(['human', 'proxy', 'bot']).toContain(classOf(kind, agent))
    }),
  )
})
