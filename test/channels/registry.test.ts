/** The registry: which channels can be sent on, each by its key, how they are found, and their end. */
import { expect, it } from 'vitest'
import type { Channel } from '../../channels/channel.ts'
import { ChannelUnavailable } from '../../channels/channel.ts'
import { Channels, openChannels } from '../../channels/registry.ts'

const slot = { handOver: async () => ({ kind: 'forestalled' }) as const, release: () => {} }

function channelOf(key: string, acquire: Channel['acquire'], closed: string[] = []): Channel {
  return {
    key,
    idempotent: key === 'push',
    prepare: async () => ({ providerId: null }),
    acquire,
    checkSender: async () => [{ pointer: `/sender/${key}`, code: 'required', message: 'Is missing.' }],
    close: async () => {
      closed.push(key)
    },
  }
}

it('made from settings has the channels of the settings', async () => {
  const channels = openChannels({ SMTP_URL: 'smtp://127.0.0.1:1' })
  expect([...channels.keys]).toEqual(['email'])
  expect(channels.get('email').key).toBe('email')
  expect(channels.isIdempotent('email')).toBe(false)
  await channels.close()
})

it('a channel without settings is unavailable, which holds its messages', () => {
  const channels = new Channels([])
  expect(() => channels.get('sms')).toThrow(ChannelUnavailable)
  expect(() => channels.get('sms')).toThrow(
    expect.objectContaining({ reason: 'channel-unavailable: not-set-up' }),
  )
  expect(channels.isIdempotent('sms')).toBe(false)
})

it('probes, checks and closes every channel; one whose places are all in use says nothing', async () => {
  const closed: string[] = []
  const down = async () => {
    throw new ChannelUnavailable('tls-failed', 'x')
  }
  const busy = async () => {
    throw new DOMException('the probe lost patience', 'TimeoutError')
  }
  const channels = new Channels([
    channelOf('email', async () => slot, closed),
    channelOf('sms', down, closed),
    channelOf('push', busy, closed),
  ])
  expect(await channels.probe()).toEqual({ email: { ok: true }, sms: { ok: false, code: 'tls-failed' } })
  expect(channels.isIdempotent('push')).toBe(true)
  const profile = {
    name: 'N',
    sender: { name: 'N', email: 'n@example.com' },
    postalAddress: 'x',
    locale: 'en',
  }
  expect((await channels.checkSender(profile)).map(({ pointer }) => pointer)).toEqual([
    '/sender/email',
    '/sender/sms',
    '/sender/push',
  ])
  await channels.close()
  expect(closed).toEqual(['email', 'sms', 'push'])
})
