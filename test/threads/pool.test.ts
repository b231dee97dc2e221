/** Work on what strangers send is done beside the process, for a bounded time and in bounded memory. */
import { afterEach, describe, expect, it } from 'vitest'
import type { RenderRequest } from '../../domain/messages/renderMail.ts'
import { Threads, type ThreadsOptions } from '../../threads/pool.ts'

const opened: Threads[] = []
function threads(options: ThreadsOptions): Threads {
  const pool = new Threads({ size: 2, ...options })
  opened.push(pool)
  return pool
}
afterEach(async () => {
  for (const pool of opened.splice(0)) await pool.close()
})

const mail = (text: string, trigger: Record<string, unknown> = {}): RenderRequest => ({
  templates: { subject: 'Hello', text },
  context: { contact: {}, trigger, profile: {}, links: {} },
  footer: { purposeKind: 'transactional', preferencesUrl: '', postalAddress: '' },
  tracking: null,
})
/** Renders until Liquid's own limit of two seconds. */
const endless = mail('{% for a in (1..100000) %}{% for b in (1..100000) %}{% endfor %}{% endfor %}x')
/** As a tree of nodes this takes some hundred megabytes. */
const huge = '<p>x</p>'.repeat(400_000)

describe('a job in a thread', () => {
  it('answers what the function answers', async () => {
    const made = await threads({}).run('renderMail', 'm', [mail('Dear {{ trigger.name }}', { name: 'Ada' })])
    expect(made).toMatchObject({ problems: [], sent: { text: 'Dear Ada', html: null } })
  })

  it('leaves the process free for everything else, and is stopped at its deadline', async () => {
    const pool = threads({ deadline: 400 })
    let turns = 0
    const clock = setInterval(() => turns++, 10)
    const stopped = pool.run('renderMail', 'm', [endless])
    await expect(stopped).rejects.toMatchObject({ name: 'JobStopped', code: 'deadline' })
    clearInterval(clock)
    expect(turns).toBeGreaterThan(5)
    // A new thread has taken the place of the one that was stopped.
    const made = await pool.run('renderMail', 'other', [mail('well')])
    expect(made.sent?.text).toBe('well')
  })

  it('is stopped where it needs more memory than a thread has', async () => {
    const pool = threads({ memory: 16, deadline: 20_000 })
    await expect(pool.run('linkNames', 'm', [huge])).rejects.toMatchObject({ code: 'memory' })
    expect((await pool.run('renderMail', 'other', [mail('well')])).sent?.text).toBe('well')
  })

  it('that throws rejects with the error, and its thread continues', async () => {
    const pool = threads({})
    // A request no caller of ours can make.
    const broken = { ...mail('x'), footer: null } as unknown as RenderRequest
    await expect(pool.run('renderMail', 'm', [broken])).rejects.toMatchObject({
      name: 'JobFailed',
      kind: 'TypeError',
    })
    expect((await pool.run('renderMail', 'm', [mail('well')])).sent?.text).toBe('well')
  })
})

describe('jobs that wait', () => {
  it('of one message do not hold up another message, however many they are', async () => {
    const pool = threads({ deadline: 20_000 })
    pool.warm()
    const done: string[] = []
    const slow = [1, 2, 3].map((n) =>
      pool.run('renderMail', 'slow', [endless]).then(() => done.push(`slow ${n}`)),
    )
    const ends = Promise.allSettled(slow)
    await pool.run('renderMail', 'quick', [mail('well')]).then(() => done.push('quick'))
    expect(done).toEqual(['quick'])
    await pool.close()
    await ends
  })

  it('of a message that was just stopped are refused while one of them runs', async () => {
    const pool = threads({ deadline: 400 })
    await expect(pool.run('renderMail', 'slow', [endless])).rejects.toMatchObject({ code: 'deadline' })
    const again = pool.run('renderMail', 'slow', [endless])
    await expect(pool.run('renderMail', 'slow', [endless])).rejects.toMatchObject({ code: 'busy' })
    await expect(again).rejects.toMatchObject({ code: 'deadline' })
  })

  it('are refused beyond a number, and all that wait once the process stops', async () => {
    const pool = threads({ mostWaiting: 1, deadline: 20_000 })
    const ends = Promise.allSettled([
      pool.run('renderMail', 'a', [endless]),
      pool.run('renderMail', 'a', [endless]),
    ])
    await expect(pool.run('renderMail', 'a', [endless])).rejects.toMatchObject({ code: 'busy' })
    await pool.close()
    expect(await ends).toMatchObject([{ reason: { code: 'closed' } }, { reason: { code: 'closed' } }])
    await expect(pool.run('renderMail', 'a', [mail('x')])).rejects.toMatchObject({ code: 'closed' })
  })
})
