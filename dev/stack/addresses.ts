/** Where everything is, once the whole stack runs: told to people as a table and to programs as `.assent/stack.json`. */
import { renameSync, rmSync, writeFileSync } from 'node:fs'

/** The shape of stack.json. What a variable replaced, and we therefore cannot know, is null. */
export interface Addresses {
  readonly api: string
  /** What links in mails begin with. */
  readonly publicUrl: string
  readonly apiKey: string
  readonly temporal: { readonly address: string; readonly ui: string | null }
  /** The address the API and the worker use, password included. */
  readonly database: string
  readonly mailbox: { readonly smtp: string; readonly ui: string | null; readonly api: string | null }
  readonly sms: { readonly api: string | null }
  /** For Prometheus; the API's asks for a key. */
  readonly metrics: { readonly api: string; readonly worker: string }
  readonly shop: string
}

/** Writes the file whole or not at all, readable by its owner only: it holds keys. */
export function writeAddresses(file: string, addresses: Addresses): void {
  writeFileSync(`${file}.new`, `${JSON.stringify(addresses, null, 2)}\n`, { mode: 0o600 })
  renameSync(`${file}.new`, file)
}

export function removeAddresses(file: string): void {
  rmSync(file, { force: true })
}

export function addressTable(addresses: Addresses, logs: string): string {
  const rows: readonly (readonly [string, string | null])[] = [
    ['Demo shop', addresses.shop],
    ['API', addresses.api],
    ['API docs', `${addresses.api}/docs`],
    ['API key', addresses.apiKey],
    ['Mailbox', addresses.mailbox.ui ?? addresses.mailbox.smtp],
    ['Temporal UI', addresses.temporal.ui],
    ['Temporal', addresses.temporal.address],
    ['SMS sandbox', addresses.sms.api],
    ['Metrics', addresses.metrics.worker],
    ['Logs', logs],
  ]
  return rows
    .flatMap(([name, address]) => (address === null ? [] : [`  ${name.padEnd(12)} ${address}`]))
    .join('\n')
}

/** The one thing to do next. */
export function whereToBegin({ shop }: Addresses): string {
  return `Open the shop first: ${shop}\n`
}
