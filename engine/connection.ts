/** How our processes reach the Temporal server. */
import { readFileSync } from 'node:fs'
import { hostname } from 'node:os'
import type { TLSConfig } from '@temporalio/client'
import { ownIdentity } from '../domain/recovery/execution.ts'
import type { Settings } from '../settings.ts'

type Wanted = Pick<
  Settings,
  'TEMPORAL_ADDRESS' | 'TEMPORAL_API_KEY' | 'TEMPORAL_TLS_CA' | 'TEMPORAL_TLS_CERT' | 'TEMPORAL_TLS_KEY'
>

/** Longest pause in milliseconds between two attempts to reconnect; gRPC's own default is two minutes. Only the client reads it. */
const longestPause = 3_000

/** Connection options for the client and the worker. With an API key or a certificate the connection is encrypted. */
export function engineOptions(settings: Wanted): {
  address: string
  apiKey?: string
  tls?: TLSConfig | boolean
  channelArgs: Record<string, number>
} {
  const {
    TEMPORAL_API_KEY: apiKey,
    TEMPORAL_TLS_CA: ca,
    TEMPORAL_TLS_CERT: cert,
    TEMPORAL_TLS_KEY: key,
  } = settings
  const pair =
    cert === undefined || key === undefined
      ? {}
      : { clientCertPair: { crt: readFileSync(cert), key: readFileSync(key) } }
  const root = ca === undefined ? {} : { serverRootCACertificate: readFileSync(ca) }
  const encrypted = apiKey !== undefined || ca !== undefined || cert !== undefined
  return {
    address: settings.TEMPORAL_ADDRESS,
    channelArgs: { 'grpc.max_reconnect_backoff_ms': longestPause },
    ...(apiKey === undefined ? {} : { apiKey }),
    ...(encrypted ? { tls: { ...pair, ...root } } : {}),
  }
}

/** Identity of our clients. Recovery uses it to tell what a person did in Temporal from what Assent did. */
export function clientIdentity(): string {
  return `${ownIdentity}@${hostname()}:${process.pid}`
}
