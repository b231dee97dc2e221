/**
 * The Temporal SDK's own metrics (`temporal_…`). The SDK's core serves them only on an HTTP port that it opens itself. We give it a free
 * port on the loopback interface and include its answer in the worker's `/metrics`, so operators scrape one address.
 */
import { createServer } from 'node:net'
import type { MetricsExporterConfig } from '@temporalio/worker'

/** Milliseconds the core may take to answer. After that, `/metrics` contains only our own metrics. */
const patience = 2_000
const attempts = 5

/**
 * Installs the runtime with such a port. Another process may take the port before the core opens it; then the next port is tried.
 * @param install installs the runtime with these metrics; throws if the port is taken
 * @returns a function that reads the metrics; it returns an empty text if they cannot be read now
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
          // Prometheus conventions: seconds, units in names, counters with _total.
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
