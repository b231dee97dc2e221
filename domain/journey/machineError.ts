/** Why an outcome could not be taken. */
export type MachineErrorCode =
  /** `begin` for a run that has begun. */
  | 'already-begun'
  /** An answer before `begin`. */
  | 'not-begun'
  /** The answer names a step the run is not at. */
  | 'wrong-step'
  /** The answer names another visit of the step the run is at. */
  | 'wrong-visit'
  /** The answer is of another kind than the step asked for. */
  | 'wrong-outcome'
  /** The answer names an event or case the step does not have. */
  | 'no-such-way'
  /** The plan has no such step: plan and state are not of the same journey version. */
  | 'unknown-step'

/** An outcome that does not belong to where the run is: a programming error, never the fault of a definition or a contact. */
export class MachineError extends Error {
  override readonly name = 'MachineError'
  readonly code: MachineErrorCode
  /** The step concerned; step ids are no personal data. */
  readonly step: string | null

  constructor(code: MachineErrorCode, step: string | null) {
    super(step === null ? code : `${code} at step ${step}`)
    this.code = code
    this.step = step
  }
}
