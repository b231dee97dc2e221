/**
 * Brings the parts up one after the other, with a line for each, and takes them down in the fixed order that lets each
 * finish its work: what gives work first, what keeps data last.
 */
import { join } from 'node:path'
import { type ShopOptions, startShop } from '../../demo/shop.ts'
import { loadExamples } from '../../examples/load.ts'
import type { Child } from '../child/child.ts'
import { startForked } from '../child/forked.ts'
import { startDatabase } from '../database.ts'
import { startEngine } from '../engine.ts'
import { checkout, type Home } from '../home.ts'
import type { StackKeys } from '../keys.ts'
import { startMailbox } from '../mailbox.ts'
import type { Ports } from '../ports.ts'
import { startSmsSandbox } from '../sms-sandbox/sandbox.ts'
import type { Addresses } from './addresses.ts'
import { applicationDatabase, givenDatabase } from './application-database.ts'
import { type Environment, isSet, type OwnParts, processEnvironment } from './settings.ts'

/** In the order in which they are stopped. */
const stopOrder = ['shop', 'api', 'worker', 'engine', 'sms', 'mailbox', 'database'] as const
type PartName = (typeof stopOrder)[number]

export interface RisingOptions {
  readonly home: Home
  readonly keys: StackKeys
  readonly ports: Ports
  readonly own: OwnParts
  readonly env: Environment
  readonly say: (line: string) => void
  /** Called with each process as it comes up. */
  readonly onChild: (child: Child) => void
}

export class Rising {
  readonly #options: RisingOptions
  readonly #stops = new Map<PartName, () => Promise<void>>()
  #stopping = false

  constructor(options: RisingOptions) {
    this.#options = options
  }

  /** Brings up everything; what it brought up before an error stays for `stop`. */
  async start(): Promise<Addresses> {
    const { own, env, ports, keys } = this.#options
    const databaseUrl = own.database
      ? await this.#database()
      : await givenDatabase(
          env.DATABASE_URL ?? '',
          isSet(env.MIGRATION_DATABASE_URL) ? env.MIGRATION_DATABASE_URL : undefined,
          keys.databasePassword,
        )
    const mailbox = own.mailbox ? await this.#mailbox() : { smtp: env.SMTP_URL ?? '', ui: null, api: null }
    const api = `http://127.0.0.1:${ports.PORT}`
    const publicUrl = isSet(env.PUBLIC_URL) ? env.PUBLIC_URL.replace(/\/+$/, '') : api
    const sms = own.sms ? await this.#sms(publicUrl) : null
    const temporal = own.engine ? await this.#engine() : { address: env.TEMPORAL_ADDRESS ?? '', ui: null }

    const { ASSENT_DATA_KEYS, ASSENT_API_KEY } = keys
    const environment: Record<string, string> = {
      ...processEnvironment(
        {
          ASSENT_DATA_KEYS,
          ASSENT_API_KEY,
          PUBLIC_URL: publicUrl,
          DATABASE_URL: databaseUrl,
          TEMPORAL_ADDRESS: temporal.address,
          TEMPORAL_NAMESPACE: 'default',
          SMTP_URL: mailbox.smtp,
          NODE_ENV: 'development',
        },
        env,
      ),
      DATABASE_URL: databaseUrl,
      PORT: String(ports.PORT),
      // A development stack is nobody else's business: not even the neighbours' on the same network.
      LISTEN_ADDRESS: env.LISTEN_ADDRESS ?? '127.0.0.1',
    }
    const apiKey = environment.ASSENT_API_KEY ?? keys.ASSENT_API_KEY
    // The API serves its metrics on its own port; the worker has none but this.
    const { METRICS_PORT: _port, ...ofApi } = environment
    await this.#process('api', 'API', 'server.ts', ofApi)
    const METRICS_PORT = String(ports.METRICS_PORT)
    await this.#process('worker', 'worker', 'worker.ts', { ...environment, METRICS_PORT })
    await this.#examples(api, apiKey)
    const shop = await this.#shop({
      port: ports.SHOP_PORT,
      api,
      apiKey,
      mailboxUi: mailbox.ui ?? '',
      temporalUi: temporal.ui ?? '',
      docs: `${api}/docs`,
    })
    return {
      api,
      publicUrl,
      apiKey,
      temporal: { address: temporal.address, ui: temporal.ui },
      database: databaseUrl,
      mailbox: { smtp: mailbox.smtp, ui: mailbox.ui, api: mailbox.api },
      sms: { api: sms },
      metrics: {
        api: `${api}/metrics`,
        worker: `http://${environment.METRICS_ADDRESS ?? '127.0.0.1'}:${METRICS_PORT}/metrics`,
      },
      shop,
    }
  }

  /** Takes down what is up, one after the other. */
  async stop(): Promise<void> {
    this.#stopping = true
    for (const name of stopOrder) {
      const stop = this.#stops.get(name)
      if (stop === undefined) continue
      this.#stops.delete(name)
      await stop()
    }
  }

  #log(name: string): string {
    return this.#options.home.path('logs', `${name}.log`)
  }

  #keep(name: PartName, child: Child): void {
    this.#stops.set(name, () => child.stop())
    this.#options.home.note(child)
    this.#options.onChild(child)
  }

  async #timed<T>(what: string, start: () => Promise<T>): Promise<T> {
    if (this.#stopping) throw new Error('The stack is being stopped.')
    const began = Date.now()
    const result = await start()
    this.#options.say(`${what.padEnd(16)} ready after ${((Date.now() - began) / 1000).toFixed(1)} s`)
    return result
  }

  #database(): Promise<string> {
    const { home, ports, keys } = this.#options
    return this.#timed('database', async () => {
      const database = await startDatabase({
        folder: home.path('postgres'),
        port: ports.DATABASE_PORT,
        log: this.#log('database'),
        // Programs that look for a running stack must not find a killed one.
        removeAtEnd: [home.path('stack.json')],
      })
      this.#keep('database', database.child)
      return applicationDatabase(database.adminUrl, keys.databasePassword)
    })
  }

  #mailbox(): Promise<{ smtp: string; ui: string; api: string }> {
    const { home, ports } = this.#options
    return this.#timed('mailbox', async () => {
      const mailbox = await startMailbox({
        smtpPort: ports.SMTP_PORT,
        webPort: ports.MAILBOX_PORT,
        folder: home.path('mails'),
        log: this.#log('mailbox'),
      })
      this.#keep('mailbox', mailbox.child)
      return mailbox
    })
  }

  #sms(publicUrl: string): Promise<string> {
    const { ports, keys } = this.#options
    return this.#timed('SMS sandbox', async () => {
      const sandbox = await startSmsSandbox({
        port: ports.SMS_PORT,
        accountSid: keys.TWILIO_ACCOUNT_SID,
        authToken: keys.TWILIO_AUTH_TOKEN,
        inboundUrl: `${publicUrl}/webhooks/twilio/inbound`,
      })
      this.#stops.set('sms', () => sandbox.close())
      return sandbox.api
    })
  }

  #engine(): Promise<{ address: string; ui: string }> {
    const { home, ports, say } = this.#options
    return this.#timed('Temporal server', async () => {
      const engine = await startEngine({
        port: ports.TEMPORAL_PORT,
        uiPort: ports.TEMPORAL_UI_PORT,
        file: home.path('temporal.db'),
        log: this.#log('engine'),
        say,
      })
      this.#keep('engine', engine.child)
      return engine
    })
  }

  async #process(name: PartName, title: string, file: string, env: Record<string, string>): Promise<void> {
    await this.#timed(title, async () => {
      const { child } = await startForked({
        name,
        file: join(checkout, file),
        cwd: checkout,
        env,
        log: this.#log(name),
        readyWithinMs: 120_000,
        graceMs: 20_000,
      })
      this.#keep(name, child)
    })
  }

  async #examples(api: string, apiKey: string): Promise<void> {
    await this.#timed('examples', () => loadExamples({ api, apiKey }))
  }

  async #shop(options: ShopOptions): Promise<string> {
    const shop = await this.#timed('demo shop', () => startShop(options))
    this.#stops.set('shop', () => shop.close())
    return shop.url
  }
}
