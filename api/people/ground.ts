/** The dependencies of the routes for people. */
import type { Logger } from 'pino'
import type { Deps } from '../../transactions/deps.ts'

/** Express' `trust proxy` has set `request.ip` already. */
export type People = {
  deps: Deps
  /** The public base URL; evidence names pages below it. */
  publicUrl: string
  /** To be called after a transaction that may have written to the outbox. */
  afterCommit: () => void
  log: Logger
}
