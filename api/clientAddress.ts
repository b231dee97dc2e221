/**
 * The network address a request came from. Express trusts the `X-Forwarded-For` of trusted proxies only, but accepts
 * any text in it as an address. Here an entry counts only if it is an IP address; some proxies append the port.
 */
import { isIP } from 'node:net'
import type { Request } from 'express'
import { ipKeyGenerator } from 'express-rate-limit'

/** For evidence: the client's IP address, or null if the proxies did not give one. */
export function clientAddress(request: Request): string | null {
  return asAddress(request.ip)
}

/**
 * For limits: an IPv4 address or an IPv6 network of 64 bits, which one customer of a provider has. If a proxy gave no
 * address, the proxy's own.
 */
export function clientNetwork(request: Request): string {
  for (const text of [request.ip, ...request.ips, request.socket.remoteAddress]) {
    const address = asAddress(text)
    if (address !== null) return ipKeyGenerator(address, 64)
  }
  return 'unknown'
}

/** The address in an entry such as `203.0.113.7`, `203.0.113.7:4711`, `[2001:db8::1]:4711` or `::ffff:203.0.113.7`. */
export function asAddress(text: string | undefined): string | null {
  if (text === undefined) return null
  const bare = /^\[([^\]]+)\](?::\d{1,5})?$/.exec(text)?.[1] ?? /^([\d.]+):\d{1,5}$/.exec(text)?.[1] ?? text
  // A zone such as `%eth0` has a meaning on one machine only.
  const address = bare.split('%')[0] ?? bare
  if (isIP(address) === 0) return null
  return /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1] ?? address.toLowerCase()
}
