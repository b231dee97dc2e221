/** A Temporal server of a test's own, which the test may throw away, or put back to an earlier state. */
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Engine, startEngine } from '../../dev/engine.ts'
import { freePorts } from '../../dev/ports.ts'

export class OwnEngine {
  readonly address: string
  readonly #folder = mkdtempSync(join(tmpdir(), 'assent-test-engine-'))
  readonly #ports: { port: number; uiPort: number }
  #engine: Engine | null = null

  private constructor(ports: { port: number; uiPort: number }) {
    this.#ports = ports
    this.address = `127.0.0.1:${ports.port}`
  }

  static async start(): Promise<OwnEngine> {
    const [port = 0, uiPort = 0] = await freePorts(2)
    const own = new OwnEngine({ port, uiPort })
    await own.start()
    return own
  }

  get #file(): string {
    return join(this.#folder, 'engine.sqlite')
  }

  /** With what its file holds; on the same port as before. */
  async start(): Promise<void> {
    const log = join(this.#folder, 'engine.log')
    this.#engine = await startEngine({ ...this.#ports, log, file: this.#file, say: () => {} })
  }

  async stop(): Promise<void> {
    await this.#engine?.child.stop()
    this.#engine = null
  }

  /** Stops, and forgets everything: the next start is a new server. */
  async throwAway(): Promise<void> {
    await this.stop()
    for (const end of ['', '-wal', '-shm']) rmSync(this.#file + end, { force: true })
  }

  /** Keeps its state as it is now, while it does not run. */
  keep(): void {
    copyFileSync(this.#file, `${this.#file}.kept`)
  }

  /** Puts the kept state back, while it does not run. */
  putBack(): void {
    for (const end of ['-wal', '-shm']) rmSync(this.#file + end, { force: true })
    copyFileSync(`${this.#file}.kept`, this.#file)
  }

  async remove(): Promise<void> {
    await this.stop()
    rmSync(this.#folder, { recursive: true, force: true })
  }
}
