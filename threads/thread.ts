/** The thread's side of the pool: does one job after the other. What it has parsed and compiled, it keeps. */
import { parentPort } from 'node:worker_threads'
import { perform } from './jobs.ts'
import type { Order, Report } from './messages.ts'

const port = parentPort
if (port === null) throw new Error('threads/thread.ts runs as a worker thread only')

const say = (report: Report) => port.postMessage(report)

port.on('message', ({ name, input }: Order) => {
  try {
    say({ kind: 'done', output: perform(name, input) })
  } catch (error) {
    const { name: kind, message } = error instanceof Error ? error : new Error('no error was thrown')
    say({ kind: 'failed', name: kind, message })
  }
})
say({ kind: 'ready' })
