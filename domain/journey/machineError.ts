/** Why a run cannot be driven by this version of Assent. Stored in `runs.parked`. */
export type MachineErrorCode =
  /** The answer is of another kind than the step asked for. */
  | 'wrong-outcome'
  /** The answer names an event or case that the step does not have. */
  | 'no-such-way'
  /** The journey version has no such step, or one of another type. */
  | 'unknown-step'
  /** The stored position was written by a version of Assent that this one does not know. */
  | 'unknown-version'
  /** The position and the rows that it names do not fit. */
  | 'unfit-position'
  /** The journey version of the run does not exist. */
  | 'missing-journey-version'
  /** The stored journey version is no definition that this version of Assent can read. */
  | 'unreadable-journey-version'
  /** The run was parked, and is not driven until an operator retries it. */
  | 'parked'

/**
 * Journey version, position and answer do not fit: a fault of the program or of the stored data, never of a contact. The run is parked
 * until an operator retries it.
 */
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
