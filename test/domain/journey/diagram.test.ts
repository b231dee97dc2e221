import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { everyStep } from '../../../domain/journey/definition.ts'
import { mermaid } from '../../../domain/journey/diagram.ts'
import { anyJourney } from './journeys.ts'

describe('the diagram of a journey', () => {
  it('shows entry, steps, ways and ends', () => {
    expect(
      mermaid({
        key: 'abandoned-cart',
        name: 'Abandoned cart',
        entry: { trigger: 'cart.abandoned', where: 'trigger.value >= 20.0' },
        exit: [{ trigger: 'order.placed' }],
        steps: [
          { id: 'pause', type: 'wait', for: '1 hour' },
          { id: 'remind', type: 'send', message: 'cart-reminder', onBlocked: 'exit' },
          {
            id: 'opened',
            type: 'waitFor',
            timeout: '3 days',
            events: [{ opened: 'remind', steps: [] }],
            onTimeout: [
              { id: 'again', type: 'send', message: 'cart-reminder-2' },
              { id: 'mark', type: 'set', attributes: { reminded: true, cart: null } },
            ],
          },
        ],
      }),
    ).toBe(`flowchart TD
  start(["cart.abandoned where trigger.value #62;= 20.0"])
  start --> s1
  s1(["wait 1 hour"])
  s1 --> s2
  s2["send cart-reminder"]
  s2 --> s3
  s2 -->|"blocked"| exited
  s3{{"wait at most 3 days for"}}
  s3 -->|"remind opened"| completed
  s3 -->|"nothing in time"| s4
  s4["send cart-reminder-2"]
  s4 --> s5
  s5["set reminded, cart"]
  s5 --> completed
  s3 -->|"not tracked"| completed
  x1>"at any time: order.placed"] -.-> exited
  exited(("exited"))
  completed(("completed"))
`)
  })

  it('lets no text out of its label', () => {
    const reason = '"]; click s1 href "javascript:alert(1)"\n`<img src=x>` %%{init: {}}%% #quot;'
    const text = mermaid({ key: 'j', name: 'J', steps: [{ id: 'x', type: 'exit', reason }] })
    const label = text.split('\n').find((line) => line.startsWith('  s1["')) ?? ''
    expect(label.slice('  s1["'.length, -'"]'.length)).not.toMatch(/["`<>[\]{}%;](?<!#\d+;)/)
    expect(text.split('\n')).toHaveLength(7)
  })

  it('draws each step once and every arrow between nodes that are drawn', () => {
    fc.assert(
      fc.property(anyJourney, (definition) => {
        const lines = mermaid(definition).trimEnd().split('\n').slice(1)
        const nodes = lines.flatMap((line) => /^ {2}(\w+)[[({>]/.exec(line)?.[1] ?? [])
        expect(new Set(nodes).size).toBe(nodes.length)
        expect(nodes.filter((name) => /^s\d/.test(name))).toHaveLength(
          [...everyStep(definition.steps)].length,
        )
        for (const line of lines.filter((one) => one.includes('-->'))) {
          expect(nodes).toContain(line.trim().split(' ')[0])
          expect(nodes).toContain(line.split(' ').at(-1))
        }
      }),
    )
  })
})
