/** Why the machine could not go on. */
export type MachineErrorCode =
  /** The answer is of another kind than the step asked for. */
  | 'wrong-outcome'
  /** The answer names an event or case that the step does not have. */
  | 'no-such-way'
  /** The plan has no such step: plan and place are not of the same journey version. */
  | 'unknown-step'
  /** The stored position was written by a version of Assent that this one does not know. */
  | 'unknown-version'

/** Plan, place and answer do not fit: a programming error, never the fault of a definition or a contact. The run is parked. */
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
