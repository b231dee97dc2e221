/**
 * `GET /metrics` on a port of its own (METRICS_PORT), for a Prometheus inside the operator's network: no key is asked for, and the
 * answer says nothing about persons. Nothing else is served there.
 */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Logger } from 'pino'
import type { Exposition } from './exposition.ts'

export type MetricsServer = { readonly port: number; close(): Promise<void> }

/** @throws Error where it cannot listen there, which is logged */
export async function serveMetrics(
  at: { port: number; address: string },
  { contentType, text }: Exposition,
  log: Logger,
): Promise<MetricsServer> {
  const server = createServer({ headersTimeout: 5_000, requestTimeout: 5_000 }, (request, response) => {
    const path = request.url?.split('?')[0]
    if (path !== '/metrics' || (request.method !== 'GET' && request.method !== 'HEAD')) {
      response.writeHead(path === '/metrics' ? 405 : 404, { 'Content-Type': 'text/plain' })
      response.end('This port serves GET /metrics only.\n')
      return
    }
    text().then(
      (metrics) => {
        response.writeHead(200, { 'Content-Type': contentType, 'Cache-Control': 'no-store' })
        response.end(metrics)
      },
      (error: unknown) => {
        log.error({ err: error }, 'Metrics could not be collected. Check that the database answers.')
        response.writeHead(500, { 'Content-Type': 'text/plain' })
        response.end('Metrics could not be collected. The log of this process says why.\n')
      },
    )
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) => {
      log.fatal({ err: error, ...at }, 'Metrics cannot be served. Set METRICS_PORT to another port.')
      reject(error)
    })
    server.listen({ port: at.port, host: at.address }, resolve)
  })
  // A server that listens on a port has an address with one.
  const { port } = server.address() as AddressInfo
  log.info({ port, address: at.address }, 'Metrics are served.')
  return {
    port,
    close: async () => {
      const closed = new Promise((resolve) => server.close(resolve))
      server.closeAllConnections()
      await closed
    },
  }
}
