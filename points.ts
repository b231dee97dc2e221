/**
 * Named points: places where a test may hold a process, or end it, to force an order of things that chance would rarely bring.
 * Nothing happens at a point unless something was put there. Points change no behaviour: they only take time, or life.
 */

/** Every point there is; named for what has just happened or is about to. */
export const pointNames = [
  'deliver:rendered', // before the claim's transaction
  'deliver:held', // could not be made or sent now, and its row says so
  'deliver:claimed', // claimed, nothing handed over yet
  'deliver:answered', // the provider answered, nothing recorded yet
  'contact:before-insert', // nobody was found by the given id and addresses; a contact is about to be made
  'deliver:recorded', // what the provider said is recorded; the run has not gone on
  'deliver:advanced', // the run has gone on; the engine has not heard of it
  'trigger:before-lock', // an event is about to take its contact's lock
  'trigger:locked', // it has it
  'wait:before-enter', // a run is about to enter a wait
  'wait:before-look', // a timer fired or a nudge came; about to look how the wait stands
  'advance:before', // a workflow asks what is next for its run; no lock is taken yet
  'double-opt-in:before-confirm',
  'double-opt-in:before-advance',
  'verification:read', // a range of the ledger was verified, and is not recorded yet
  'outbox:leased', // a row is leased, nothing told yet
  'outbox:told', // told, and the row still there
  'consent:before-lock', // a statement is about to take its contact point's lock
] as const
export type PointName = (typeof pointNames)[number]

function isPointName(name: string | undefined): name is PointName {
  return pointNames.some((known) => known === name)
}

const installed = new Map<PointName, () => Promise<void>>()

/** Puts something at a point; answers how to take it away again. For tests. */
export function installPoint(name: PointName, act: () => Promise<void>): () => void {
  installed.set(name, act)
  return () => installed.delete(name)
}

export async function point(name: PointName): Promise<void> {
  const act = installed.get(name)
  if (act !== undefined) await act()
}

/**
 * For tests that end a whole process: `ASSENT_POINTS=deliver:claimed=kill` makes it die at that point as by SIGKILL, the first
 * time it gets there.
 */
export function installPointsFromEnvironment(environment: Record<string, string | undefined>): void {
  for (const wish of (environment.ASSENT_POINTS ?? '').split(',')) {
    const [name, act] = wish.split('=')
    if (act !== 'kill' || !isPointName(name)) continue
    installPoint(name, async () => {
      process.kill(process.pid, 'SIGKILL')
      await new Promise(() => {})
    })
  }
}
