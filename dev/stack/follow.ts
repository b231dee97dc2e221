/**
 * Shows on the console what a process of ours logs as an error (pino's level 50 and above, or a line that is no JSON, such
 * as a stack trace), while everything goes to its log file. The process writes the file itself, so that it can go on
 * and end in order when nobody reads any more.
 */
import { closeSync, openSync, readSync, statSync, unwatchFile, watchFile } from 'node:fs'

/** The line as it should be shown, or undefined when it is no error. */
export function asError(line: string): string | undefined {
  if (line.trim() === '') return undefined
  try {
    const entry: unknown = JSON.parse(line)
    if (typeof entry !== 'object' || entry === null || !('level' in entry)) return line
    if (typeof entry.level !== 'number' || entry.level < 50) return undefined
    const message = 'msg' in entry ? String(entry.msg) : line
    const cause =
      'err' in entry && typeof entry.err === 'object' && entry.err !== null && 'message' in entry.err
        ? String(entry.err.message)
        : ''
    return cause === '' || message.includes(cause) ? message : `${message}: ${cause}`
  } catch {
    return line
  }
}

/** Follows the file from its present end. Answers how to stop. */
export function followErrors(file: string, show: (line: string) => void): () => void {
  let position = statSync(file, { throwIfNoEntry: false })?.size ?? 0
  let rest = ''
  const read = (): void => {
    const size = statSync(file, { throwIfNoEntry: false })?.size ?? 0
    if (size <= position) return
    const chunk = Buffer.alloc(Math.min(size - position, 1_000_000))
    const descriptor = openSync(file, 'r')
    try {
      position += readSync(descriptor, chunk, 0, chunk.length, position)
    } finally {
      closeSync(descriptor)
    }
    const lines = (rest + chunk.toString('utf8')).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) {
      const error = asError(line)
      if (error !== undefined) show(error)
    }
  }
  watchFile(file, { interval: 500, persistent: false }, read)
  return () => {
    unwatchFile(file, read)
    read()
  }
}
