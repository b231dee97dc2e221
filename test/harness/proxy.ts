/**
 * A stretch of wire between us and a part we stand on, which a test may cut and mend: TCP on 127.0.0.1. Cut, nobody listens and
 * what was connected is gone, as when the other machine went down.
 */
import net from 'node:net'

export class Wire {
  readonly #target: { host: string; port: number }
  readonly #pairs = new Set<() => void>()
  #server: net.Server | null = null
  #port = 0
  #holding: { statements: number; done: () => void; kept: (() => void)[] } | null = null
  #cutOn: { after: string; text: string; done: () => void } | null = null

  private constructor(target: { host: string; port: number }) {
    this.#target = target
  }

  /** @param target `host:port` */
  static async to(target: string, options: { cut?: boolean } = {}): Promise<Wire> {
    const { hostname, port } = new URL(`tcp://${target}`)
    const wire = new Wire({ host: hostname, port: Number(port) })
    await wire.mend()
    if (options.cut === true) await wire.cut()
    return wire
  }

  /** `host:port`, the same for good. */
  get address(): string {
    return `127.0.0.1:${this.#port}`
  }

  get whole(): boolean {
    return this.#server !== null
  }

  async mend(): Promise<void> {
    const server = net.createServer((near) => this.#join(near))
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.listen(this.#port, '127.0.0.1', resolve)
    })
    const address = server.address()
    if (address === null || typeof address === 'string') throw new Error('the wire has no port')
    this.#port = address.port
    this.#server = server
  }

  async cut(): Promise<void> {
    const server = this.#server
    this.#server = null
    for (const part of this.#pairs) part()
    if (server !== null) await new Promise((resolve) => server.close(resolve))
  }

  /**
   * The next time a connection says this text, having said the other one before, it goes through, and the connection is lost
   * before the answer comes back.
   * @returns resolves once that has happened
   */
  loseAnswer(to: { text: string; after: string }): Promise<void> {
    return new Promise((done) => {
      this.#cutOn = { ...to, done }
    })
  }

  /**
   * Keeps back what the far end says until a client has sent so many statements that Postgres knows or has no parameters for.
   * @returns resolves once they have come
   */
  holdAnswers(statements: number): Promise<void> {
    return new Promise((done) => {
      this.#holding = { statements, done, kept: [] }
    })
  }

  #join(near: net.Socket): void {
    const far = net.connect(this.#target)
    let warned = false
    let silent = false
    const part = () => {
      near.destroy()
      far.destroy()
      this.#pairs.delete(part)
    }
    this.#pairs.add(part)
    for (const end of [near, far]) {
      end.on('error', part)
      end.on('close', part)
    }
    near.on('data', (chunk: Buffer) => {
      const wanted = this.#cutOn
      if (wanted !== null && chunk.includes(wanted.after)) warned = true
      if (wanted !== null && warned && chunk.includes(wanted.text)) {
        this.#cutOn = null
        silent = true
        far.once('data', () => {
          part()
          wanted.done()
        })
      }
      const holding = this.#holding
      if (holding !== null) {
        holding.statements -= statementsIn(chunk)
        if (holding.statements <= 0) {
          this.#holding = null
          for (const pass of holding.kept) pass()
          holding.done()
        }
      }
      far.write(chunk)
    })
    far.on('data', (chunk: Buffer) => {
      if (silent) return
      if (this.#holding === null) near.write(chunk)
      else this.#holding.kept.push(() => near.write(chunk))
    })
  }
}

/** Messages Bind (`B`) and Query (`Q`) of the Postgres protocol in a chunk that begins with a message. */
function statementsIn(chunk: Buffer): number {
  let statements = 0
  for (let at = 0; at + 5 <= chunk.length; at += 1 + chunk.readUInt32BE(at + 1)) {
    if (chunk[at] === 0x42 || chunk[at] === 0x51) statements += 1
  }
  return statements
}
