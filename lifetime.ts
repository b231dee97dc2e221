/** When a process is ready, and when it must stop: on SIGTERM, on SIGINT, or when its parent process ends. */
import type { Logger } from 'pino'

export type Lifetime = {
  /** Resolves when the process must stop. */
  over: Promise<void>
  isOver(): boolean
  /** Tells the parent process that this process is ready. */
  ready(facts?: { port?: number }): void
}

/** @param grace milliseconds from the request to stop until the process exits in any case */
export function lifetime(log: Logger, grace: number): Lifetime {
  const { promise: over, resolve } = Promise.withResolvers<void>()
  let ended = false
  const end = (why: string) => {
    if (ended) return
    ended = true
    log.info({ why }, 'Stopping.')
    resolve()
    // A database that is frozen, or a connection that does not close, must not keep the process alive.
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
  // Listening for the parent must not keep the process alive once everything else is closed.
  process.channel?.unref()
  return {
    over,
    isOver: () => ended,
    ready: (facts = {}) => {
      if (process.connected) process.send?.({ ready: true, ...facts })
    },
  }
}
