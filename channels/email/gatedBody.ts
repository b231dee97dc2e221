/**
 * The body of a mail behind a gate. Nothing is buffered ahead. The gate is called when the first byte is read; nodemailer reads it only
 * after the server has asked for the body. Bytes flow only if the gate returns true. `flowing` becomes true before the first byte. It
 * separates "the server may have the message" from "the server cannot have it".
 */
import { Readable } from 'node:stream'

/** Bytes; small enough that back-pressure shows how much of the body was sent. */
const CHUNK = 16 * 1024

export class GatedBody extends Readable {
  /** Whether a body byte may have left. */
  flowing = false
  readonly #bytes: Uint8Array
  readonly #gate: () => Promise<boolean>
  #asked = false
  #at = 0

  /** @param gate returns whether the body may flow; called once, must not throw */
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
