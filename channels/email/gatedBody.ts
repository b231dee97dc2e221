/**
 * The body of a mail behind a gate. Nothing is buffered ahead: the gate is asked when the first byte is wanted, which
 * for nodemailer's connection is after the server asked for the body (it pipes the stream only then), and bytes flow
 * only once the gate has said yes. `flowing` turns true before the first of them, and is what tells "it may have the
 * message" from "it cannot have it".
 */
import { Readable } from 'node:stream'

/** Small enough that back-pressure shows how far the body really came. */
const CHUNK = 16 * 1024

export class GatedBody extends Readable {
  /** Whether a body byte may have left. */
  flowing = false
  readonly #bytes: Uint8Array
  readonly #gate: () => Promise<boolean>
  #asked = false
  #at = 0

  /** @param gate answers whether the body may flow; asked once, must not throw */
  constructor(bytes: Uint8Array, gate: () => Promise<boolean>) {
    super()
    this.#bytes = bytes
    this.#gate = gate
  }

  override _read(): void {
    if (this.flowing) this.#pushNext()
    else if (!this.#asked) {
      this.#asked = true
      void this.#gate().then((open) => {
        if (!open || this.destroyed) return
        this.flowing = true
        this.#pushNext()
      })
    }
  }

  #pushNext(): void {
    const chunk = this.#bytes.subarray(this.#at, this.#at + CHUNK)
    this.#at += chunk.length
    this.push(chunk.length === 0 ? null : chunk)
  }
}
