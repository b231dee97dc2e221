/** When a process of ours is ready, and when it is to stop: SIGTERM, SIGINT, or the end of whoever started it. */
import type { Logger } from 'pino'

export type Lifetime = {
  /** Resolves when the process is to stop. */
  over: Promise<void>
  isOver(): boolean
  /** Tells whoever started us that we are up. */
  ready(facts?: { port?: number }): void
}

/** @param grace milliseconds from the wish to stop until the process ends in any case */
export function lifetime(log: Logger, grace: number): Lifetime {
  const { promise: over, resolve } = Promise.withResolvers<void>()
  let ended = false
  const end = (why: string) => {
    if (ended) return
    ended = true
    log.info({ why }, 'Stopping.')
    resolve()
    // A database that is frozen, or a connection that does not close, must not keep us.
    setTimeout(() => {
      log.error(
        { grace },
        'Not stopped within the grace period, so the process ends now. Other processes take up its open work.',
      )
      process.exit(1)
    }, grace).unref()
  }
  process.on('SIGTERM', () => end('SIGTERM'))
  process.on('SIGINT', () => end('SIGINT'))
  process.on('disconnect', () => end('the parent is gone'))
  // Listening for the parent must not keep us alive once all else is closed.
  process.channel?.unref()
  return {
    over,
    isOver: () => ended,
    ready: (facts = {}) => {
      if (process.connected) process.send?.({ ready: true, ...facts })
    },
  }
}
