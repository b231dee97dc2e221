/**
 * The Temporal SDK's own metrics (`temporal_…`). Its core keeps them, and serves them only on an HTTP port that it opens itself. That port
 * is a free one on the loopback, and the worker's `/metrics` includes what it answers: operators scrape one address.
 */
import { createServer } from 'node:net'
import type { MetricsExporterConfig } from '@temporalio/worker'

/** Milliseconds the core may take to answer; without an answer our own metrics are served alone. */
const patience = 2_000
const attempts = 5

/**
 * Installs the runtime with such a port. The core opens the port itself, so another process may take it in between: then another is tried.
 * @param install installs the runtime with these metrics; throws where the port is taken
 * @returns reads the metrics; an empty text where there are none now
 */
export async function withEngineMetrics(
  install: (metrics: MetricsExporterConfig) => unknown,
): Promise<() => Promise<string>> {
  for (let attempt = 1; ; attempt++) {
    const port = await freePort()
    try {
      install({
        prometheus: {
          bindAddress: `127.0.0.1:${port}`,
          // As Prometheus names things: seconds, units in names, counters with _total.
          countersTotalSuffix: true,
          unitSuffix: true,
          useSecondsForDurations: true,
        },
      })
      return () => read(port)
    } catch (error) {
      if (attempt === attempts) throw error
    }
  }
}

async function read(port: number): Promise<string> {
  try {
    const answer = await fetch(`http://127.0.0.1:${port}/metrics`, { signal: AbortSignal.timeout(patience) })
    return answer.ok ? await answer.text() : ''
  } catch {
    return ''
  }
}

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, '127.0.0.1', resolve)
  })
  const address = server.address()
  await new Promise((resolve) => server.close(resolve))
  if (address === null || typeof address === 'string') throw new Error('the server has no port')
  return address.port
}
