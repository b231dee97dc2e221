/**
 * Ids of our workflows in Temporal. An operator reads from them what a workflow belongs to; they hold keys and random ids,
 * no personal data, since Temporal stores them in plain text.
 */

/** `<journey key>:<run id>` */
export function journeyWorkflowId(journey: string, run: string): string {
  return `${journey}:${run}`
}

/** `double-opt-in:<profile key>:<request id>` */
export function doubleOptInWorkflowId(profile: string, request: string): string {
  return `double-opt-in:${profile}:${request}`
}

const uuid = '[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}'
// Up to version 0.2 the run's id alone was the workflow's id.
const ofRun = new RegExp(`^(?:[^:]+:)?(${uuid})$`)

/** The run that a workflow of type `journey` carries; null if the id has another form. */
export function runOfWorkflow(workflowId: string): string | null {
  return ofRun.exec(workflowId)?.[1] ?? null
}

const ofRequest = new RegExp(`^double-opt-in:[^:]+:(${uuid})$`)

/** The request that a workflow of type `doubleOptIn` carries; null if the id has another form. */
export function requestOfWorkflow(workflowId: string): string | null {
  return ofRequest.exec(workflowId)?.[1] ?? null
}

/** The workflow by which recovery recognises a restored namespace; one for each task queue. */
export function beaconWorkflowId(taskQueue: string): string {
  return `assent-beacon:${taskQueue}`
}
