/** What the routes for people stand on. */
import type { Logger } from 'pino'
import type { Deps } from '../../transactions/deps.ts'

/** `request.ip` is right already, by Express' trust proxy. */
export type People = {
  deps: Deps
  /** Where people reach us; evidence names its pages. */
  publicUrl: string
  /** To be called after a transaction that may have written to the outbox. */
  afterCommit: () => void
  log: Logger
}
