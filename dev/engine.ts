/**
 * A Temporal development server with its Web UI, bound to 127.0.0.1, that ends with the process that started it. It serves
 * the namespace `default`, knows Assent's search attributes, and may skip time for workflows that ask for it.
 */
import { Connection } from '@temporalio/client'
import { type Child, failsIfEnded } from './child/child.ts'
import { startGuarded } from './child/guarded.ts'
import { temporalProgram } from './engine/ladder.ts'

export interface Engine {
  /** `host:port` of the frontend. */
  readonly address: string
  /** The Web UI. */
  readonly ui: string
  readonly child: Child
}

/** The search attributes of Assent's workflows, by type. */
export const searchAttributes: Readonly<Record<string, string>> = {
  AssentJourney: 'Keyword',
  AssentVersion: 'Int',
  AssentState: 'Keyword',
}

export interface EngineOptions {
  readonly port: number
  readonly uiPort: number
  readonly log: string
  /** The file that keeps workflows between runs; in memory without it. */
  readonly file?: string
  /** Prints progress of slow work. */
  readonly say: (line: string) => void
  /** Folders removed when the server has ended, even if we are killed. */
  readonly removeAtEnd?: readonly string[]
}

/**
 * Starts the server and answers when it takes workflows.
 *
 * @throws Error, PartFailed when there is no program to be had or it ends at once
 */
export async function startEngine(options: EngineOptions): Promise<Engine> {
  const command = await temporalProgram({ say: options.say })
  const attributes = Object.entries(searchAttributes).flatMap(([name, type]) => [
    '--search-attribute',
    `${name}=${type}`,
  ])
  const child = await startGuarded('engine', options.log, {
    command,
    args: [
      ...['server', 'start-dev', '--ip', '127.0.0.1', '--ui-ip', '127.0.0.1', '--ui-disable-news-fetch'],
      ...['--port', String(options.port), '--ui-port', String(options.uiPort), '--log-level', 'warn'],
      ...['--dynamic-config-value', 'frontend.WorkflowTimeSkippingEnabled=true'],
      ...attributes,
      ...(options.file === undefined ? [] : ['--db-filename', options.file]),
    ],
    // Without an environment of its own the tool would read the user's Temporal profiles.
    env: { PATH: process.env.PATH ?? '', TZ: 'UTC', TEMPORAL_CONFIG_FILE: '/dev/null' },
    stopSignal: 'SIGTERM',
    graceMs: 10_000,
    removeAtEnd: options.removeAtEnd ?? [],
  })
  const address = `127.0.0.1:${options.port}`
  await Promise.race([answers(address, child.ended), failsIfEnded(child, 'The Temporal server')])
  return { address, ui: `http://127.0.0.1:${options.uiPort}`, child }
}

/** Waits until the namespace is there and all search attributes are known. Gives up when the server has ended. */
async function answers(address: string, ended: Promise<unknown>): Promise<void> {
  let over = false
  void ended.then(() => {
    over = true
  })
  while (!over) {
    if (await isReady(address)) return
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
}

async function isReady(address: string): Promise<boolean> {
  let connection: Connection | undefined
  try {
    connection = await Connection.connect({ address, connectTimeout: 2_000 })
    const known = await connection.operatorService.listSearchAttributes({ namespace: 'default' })
    return Object.keys(searchAttributes).every((name) => name in (known.customAttributes ?? {}))
  } catch {
    return false
  } finally {
    await connection?.close()
  }
}
