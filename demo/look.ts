/** Asks Assent what came of a visitor's actions. If Assent does not answer, that part is left out, not guessed. */
import { type Counter, externalIdOf } from './actions.ts'
import type { Activity, Seen } from './pages/activity.ts'
import type { RunDetails } from './pages/run.ts'
import type { Action, Visitor } from './visitors.ts'

/** The journey that a confirmed sign-up starts by itself: the shop is not told, it has to look. */
const welcomeJourney = 'newsletter-welcome'

export async function lookAt(counter: Counter, visitor: Visitor): Promise<Activity> {
  const { email, actions } = visitor
  const welcomes = await welcomeRuns(counter, visitor)
  const confirmable = actions.find(({ doubleOptIn }) => doubleOptIn !== null)
  const [consents, ...seen] = await Promise.all([
    email === '' ? null : counter.assent.consents(email),
    ...actions.map((action) => lookAtAction(counter, action, action === confirmable ? welcomes : [])),
  ])
  return { consents: consents?.ok ? consents.value.states : null, email, seen }
}

async function lookAtAction({ assent }: Counter, action: Action, more: readonly string[]): Promise<Seen> {
  const [request, ...runs] = await Promise.all([
    action.doubleOptIn === null ? null : assent.doubleOptIn(action.doubleOptIn),
    ...[...action.runs, ...more].map((id) => assent.run(id)),
  ])
  return {
    action,
    doubleOptIn: request?.ok ? request.value : null,
    runs: runs.flatMap((answer) => (answer.ok ? [answer.value] : [])),
  }
}

/** The newest welcome of a visitor who signed up here. */
async function welcomeRuns({ assent, secret }: Counter, visitor: Visitor): Promise<readonly string[]> {
  if (visitor.email === '' || !visitor.actions.some(({ doubleOptIn }) => doubleOptIn !== null)) return []
  const answer = await assent.runsOf(welcomeJourney, externalIdOf(secret, visitor.email))
  return answer.ok ? answer.value.items.slice(0, 1).map(({ id }) => id) : []
}

/** A run of this visitor with its deliveries; undefined for any other run. */
export async function lookAtRun(
  counter: Counter,
  visitor: Visitor,
  id: string,
): Promise<RunDetails | undefined> {
  const own = [...visitor.actions.flatMap(({ runs }) => runs), ...(await welcomeRuns(counter, visitor))]
  if (!own.includes(id)) return undefined
  const answer = await counter.assent.run(id)
  if (!answer.ok) return undefined
  const ids = answer.value.path.flatMap(({ delivery }) => delivery ?? [])
  const deliveries = await Promise.all(
    [...new Set(ids)].map(async (delivery) => ({
      id: delivery,
      answer: await counter.assent.delivery(delivery),
    })),
  )
  return { run: answer.value, deliveries }
}
