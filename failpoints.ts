/**
 * Failpoints: named places where a test may delay or kill the process, to force an order of events that rarely happens by chance. A
 * failpoint may delay or kill the process. It never changes a result. Without a test it does nothing.
 */

/** Every failpoint, named for what has just happened or is about to happen. */
const failpointNames = [
  'deliver:rendered', // before the claim's transaction
  'deliver:held', // the message could not be rendered or sent now, and the row is marked as held
  'deliver:claimed', // claimed, nothing handed over yet
  'deliver:answered', // the provider answered, nothing recorded yet
  'contact:before-insert', // no contact has the given id or addresses; a new one is about to be inserted
  'deliver:recorded', // the provider's answer is recorded; the run has not advanced yet
  'deliver:advanced', // the run has advanced; the engine does not know yet
  'trigger:before-lock', // an event is about to take its contact's lock
  'trigger:locked', // the event has its contact's lock
  'wait:before-enter', // a run is about to enter a wait
  'wait:before-look', // a timer fired or a nudge came; about to read the state of the wait
  'advance:before', // a workflow asks for its run's next step; no lock is taken yet
  'advance:saved', // the run's new position is written, and not committed yet
  'decide:forecast', // the consent activity has read what it decides on; no lock is taken yet
  'double-opt-in:before-confirm',
  'double-opt-in:before-advance',
  'verification:read', // a range of the ledger was verified, and is not recorded yet
  'outbox:leased', // a row is leased, nothing sent yet
  'outbox:told', // sent, and the row not deleted yet
  'retention:swept', // a batch was deleted, and is not committed yet
  'consent:before-lock', // a consent event is about to take its contact point's lock
] as const
export type FailpointName = (typeof failpointNames)[number]

function isFailpointName(name: string | undefined): name is FailpointName {
  return failpointNames.some((known) => known === name)
}

const installed = new Map<FailpointName, () => Promise<void>>()

/** Installs an action at a failpoint. For tests. @returns a function that removes it */
export function installFailpoint(name: FailpointName, act: () => Promise<void>): () => void {
  installed.set(name, act)
  return () => installed.delete(name)
}

export async function failpoint(name: FailpointName): Promise<void> {
  const act = installed.get(name)
  if (act !== undefined) await act()
}

/**
 * For tests that kill a whole process: with `ASSENT_FAILPOINTS=deliver:claimed=kill` the process kills itself with
 * SIGKILL the first time it reaches that failpoint.
 */
export function installFailpointsFromEnvironment(environment: Record<string, string | undefined>): void {
  for (const wish of (environment.ASSENT_FAILPOINTS ?? '').split(',')) {
    const [name, act] = wish.split('=')
    if (act !== 'kill' || !isFailpointName(name)) continue
    installFailpoint(name, async () => {
      process.kill(process.pid, 'SIGKILL')
      await new Promise(() => {})
    })
  }
}
