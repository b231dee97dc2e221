/** A journey as a Mermaid flowchart. Also a draft that the checker refuses can be drawn. */
import { everyStep, type JourneyDefinition } from './definition.ts'
import { type Step, stepOf } from './steps/index.ts'

/** How Mermaid writes the forms of nodes. */
const forms = {
  box: ['[', ']'],
  rounded: ['([', '])'],
  hexagon: ['{{', '}}'],
  diamond: ['{', '}'],
} as const

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
    stepOf(step).draw({
      node: (form, label) => {
        const [open, close] = forms[form]
        lines.push(`  ${name}${open}"${labelled(label)}"${close}`)
      },
      way: (steps, label) => {
        link(name, first(steps, next), label)
        drawList(steps, next)
      },
      next: () => link(name, next),
      exits: (label) => link(name, 'exited', label),
    })
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

/** Mermaid's own entity codes: nothing of a label can close it, open HTML or start Markdown. */
function labelled(text: string): string {
  return text
    .replace(/\s+/g, ' ')
    .replace(/[^\p{L}\p{N} .,:=_()/!?+*'-]/gu, (char) => `#${char.codePointAt(0)};`)
}
