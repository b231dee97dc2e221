/**
 * The interface of a step type: everything that the language, the checker, the plan, the machine and the diagram need,
 * in one object beside its zod shape. `index.ts` lists the types. A type whose effect needs the database also has a
 * performer (`transactions/runs/perform/`).
 */
import type { Findings, Place } from '../findings.ts'
import type { Answer, Effect, Leave, Target } from '../machineTypes.ts'
import type { World } from '../world.ts'
import type { Step } from './index.ts'

export type StepKind<S, P> = {
  /** The lists of steps inside it, in the order in which the language writes them. */
  lists(step: S): NestedList[]
  /** The step as the machine needs it: no texts, no expressions, no message keys. */
  compile(step: S, compiler: Compiler): P
  /** Reports problems that the shape cannot find: unknown messages, invalid conditions, events that cannot happen. */
  check(step: S, at: Place, round: Round): void
  /** What may have been sent once the run has left it; null where no way leads out of it. */
  sentAfter(step: S, walk: Walk): SentBy
  draw(step: S, pen: Pen): void
  /** The effect of entering the step. */
  enter(plan: P): Effect
  /** Where the run goes. @throws MachineError wrong-outcome, no-such-way */
  leave(plan: P, answer: Answer, step: string): Leave
}

/** One of a step's own lists of steps. `path` leads from the step to the list, as segments of a JSON pointer. */
export type NestedList = { path: readonly (string | number)[]; steps: Step[] }

type Compiler = {
  /** Whether some way from the step comes to a send. */
  sendFollows: boolean
  /** What comes below the step. */
  next: Target
  /** Compiles a nested list; gives its first step, or what comes below where it is empty or absent. */
  way(list: readonly Step[] | undefined): Target
}

/** What the checker carries along. */
export type Round = {
  /** Key of the journey's profile, if it names one. */
  profile: string | undefined
  world: World
  findings: Findings
  /** Steps by id: the first of each. */
  steps: ReadonlyMap<string, Step>
  /** Whether some way from this step comes to a send. */
  sendFollows: boolean
  /** Send steps that some way to this step passes; undefined where no way reaches it. */
  sentBefore: ReadonlySet<string> | undefined
}

/** Ids of the send steps that some way passes; null: no way comes here. */
export type SentBy = ReadonlySet<string> | null

type Walk = {
  sent: ReadonlySet<string>
  /** Walks a nested list from here. */
  way(list: readonly Step[] | undefined): SentBy
}

/** Draws one node of the Mermaid flowchart. Labels are escaped by the pen. */
type Pen = {
  node(form: 'box' | 'rounded' | 'hexagon' | 'diamond', label: string): void
  /** A way into a nested list, or on below where the list is empty. */
  way(list: readonly Step[] | undefined, label: string): void
  /** On below. */
  next(): void
  /** Ends the run as exited. */
  exits(label?: string): void
}

/** What several ways may have sent together. */
export function anyOf(ways: readonly SentBy[]): SentBy {
  const out = ways.filter((way) => way !== null)
  return out.length === 0 ? null : new Set(out.flatMap((way) => [...way]))
}

/** What a step's type knows of that step. */
export type BoundStep<P> = {
  lists(): NestedList[]
  compile(compiler: Compiler): P
  check(at: Place, round: Round): void
  sentAfter(walk: Walk): SentBy
  draw(pen: Pen): void
}

export function bindStep<S, P>(kind: StepKind<S, P>, step: S): BoundStep<P> {
  return {
    lists: () => kind.lists(step),
    compile: (compiler) => kind.compile(step, compiler),
    check: (at, round) => kind.check(step, at, round),
    sentAfter: (walk) => kind.sentAfter(step, walk),
    draw: (pen) => kind.draw(step, pen),
  }
}

/** What a step's type knows of that step of a plan. */
export type BoundPlanStep = {
  enter(): Effect
  leave(answer: Answer, step: string): Leave
}

export function bindPlanStep<S, P>(kind: StepKind<S, P>, plan: P): BoundPlanStep {
  return {
    enter: () => kind.enter(plan),
    leave: (answer, step) => kind.leave(plan, answer, step),
  }
}
