/** Speaks to our API as any caller does. */
import { z } from 'zod'

export class Api {
  readonly url: string
  readonly key: string

  constructor(url: string, key: string) {
    this.url = url
    this.key = key
  }

  /** @throws Error with what was answered, where that is no success */
  async call<S extends z.ZodType>(
    method: string,
    path: string,
    body: unknown,
    shape: S,
  ): Promise<z.output<S>> {
    const response = await fetch(new URL(path, this.url), {
      method,
      headers: { Authorization: `Bearer ${this.key}`, 'Content-Type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    const text = await response.text()
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`)
    return shape.parse(text === '' ? null : JSON.parse(text))
  }

  async do(method: string, path: string, body?: unknown): Promise<void> {
    await this.call(method, path, body, z.unknown())
  }
}
