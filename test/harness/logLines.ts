/** Keeps what a log writes, through the serializers of the real one. */
import type { Logger } from 'pino'
import { z } from 'zod'
import { openLog } from '../../log.ts'

const lineShape = z.looseObject({ level: z.number(), msg: z.string().optional() })
export type LogLine = z.infer<typeof lineShape> & Record<string, unknown>

export class LogLines {
  readonly #lines: string[] = []

  /** A log that writes here. */
  open(name: string): Logger {
    return openLog(name, 'info', { write: (line: string) => void this.#lines.push(line) })
  }

  lines(): LogLine[] {
    return this.#lines.map((line) => lineShape.parse(JSON.parse(line)))
  }

  text(): string {
    return this.#lines.join('')
  }
}
