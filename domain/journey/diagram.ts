/** A journey as a Mermaid flowchart. Also a draft that the checker refuses can be drawn. */
import { awaitsOnlyOpensOrClicks, readAwaited } from './awaits.ts'
import type { AwaitedEvent, JourneyDefinition, Step, Until } from './definition.ts'
import { everyStep } from './definition.ts'

/** The journey as text of a Mermaid `flowchart`, top to bottom. Texts of the definition appear as labels only, escaped. */
export function mermaid(definition: JourneyDefinition): string {
  // Nodes are numbered: a step id such as `end` is a word of Mermaid's own.
  const names = new Map<Step, string>()
  for (const step of everyStep(definition.steps)) names.set(step, `s${names.size + 1}`)
  const lines: string[] = ['flowchart TD', `  start(["${labelled(entryLabel(definition))}"])`]

  const ends = new Set<string>()
  const goesTo = (to: string) => {
    if (to === 'completed' || to === 'exited') ends.add(to)
    return to
  }
  const link = (from: string, to: string, label?: string) =>
    lines.push(`  ${from} -->${label === undefined ? '' : `|"${labelled(label)}"|`} ${goesTo(to)}`)
  const first = (steps: readonly Step[] | undefined, below: string) => {
    const step = steps?.[0]
    return (step && names.get(step)) ?? below
  }

  const drawList = (steps: readonly Step[] | undefined, below: string): void => {
    steps?.forEach((step, i) => {
      drawStep(step, names.get(step) ?? below, first(steps.slice(i + 1), below))
    })
  }
  const drawStep = (step: Step, name: string, next: string): void => {
    const way = (steps: readonly Step[] | undefined, label: string) => {
      link(name, first(steps, next), label)
      drawList(steps, next)
    }
    switch (step.type) {
      case 'send':
        lines.push(`  ${name}["${labelled(`send ${step.message}`)}"]`)
        link(name, next)
        if (step.onBlocked === 'exit') link(name, 'exited', 'blocked')
        return
      case 'wait':
        lines.push(
          `  ${name}(["${labelled(step.for === undefined ? untilLabel(step.until) : `wait ${step.for}`)}"])`,
        )
        link(name, next)
        return
      case 'waitFor':
        lines.push(`  ${name}{{"${labelled(`wait at most ${step.timeout} for`)}"}}`)
        for (const event of step.events) way(event.steps, eventLabel(event))
        way(step.onTimeout, 'nothing in time')
        if (step.onUntracked || awaitsOnlyOpensOrClicks(step)) way(step.onUntracked, 'not tracked')
        return
      case 'branch':
        lines.push(`  ${name}{"${labelled(step.id)}"}`)
        for (const one of step.cases) way(one.steps, one.when)
        way(step.otherwise, 'otherwise')
        return
      case 'exit':
        lines.push(`  ${name}["${labelled(step.reason ? `exit: ${step.reason}` : 'exit')}"]`)
        link(name, 'exited')
        return
      default:
        step satisfies never
    }
  }

  link('start', first(definition.steps, 'completed'))
  drawList(definition.steps, 'completed')
  definition.exit?.forEach((exit, i) => {
    lines.push(
      `  x${i + 1}>"${labelled(`at any time: ${conditional(exit.trigger, exit.where)}`)}"] -.-> ${goesTo('exited')}`,
    )
  })
  for (const end of ends) lines.push(`  ${end}(("${end}"))`)
  return `${lines.join('\n')}\n`
}

function entryLabel({ entry }: JourneyDefinition): string {
  return entry ? conditional(entry.trigger, entry.where) : 'started over REST'
}

function conditional(trigger: string, where: string | undefined): string {
  return where === undefined ? trigger : `${trigger} where ${where}`
}

function untilLabel(until: Until | undefined): string {
  if (until === undefined) return 'wait'
  if (typeof until === 'string') return `wait until ${until}`
  const days = until.days ? ` on ${until.days.join(', ')}` : ''
  return `wait until ${until.time}${days} (${until.zone})`
}

function eventLabel(event: AwaitedEvent): string {
  const awaited = readAwaited(event)
  if (!awaited) return '?'
  if (awaited.kind === 'trigger') return conditional(awaited.trigger, awaited.where ?? undefined)
  return awaited.link === null
    ? `${awaited.step} ${awaited.kind}`
    : `${awaited.step} ${awaited.kind}: ${awaited.link}`
}

/** Mermaid's own entity codes: nothing of a label can close it, open HTML or start Markdown. */
function labelled(text: string): string {
  return text
    .replace(/\s+/g, ' ')
    .replace(/[^\p{L}\p{N} .,:=_()/!?+*'-]/gu, (char) => `#${char.codePointAt(0)};`)
}
