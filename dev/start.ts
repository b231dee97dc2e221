/**
 * `npm start`: the whole local stack. Brings up database, mailbox, SMS sandbox, Temporal server, API, worker, examples and
 * demo shop, says where everything is, and takes all of it down again on Ctrl-C, in order, leaving no process behind.
 * If a part ends unasked, the rest is stopped too. If this process is killed, the parts end by themselves.
 */
import { type Child, describeEnding, lastLines } from './child/child.ts'
import { endStragglers } from './child/running.ts'
import { homeFolder, takeHome } from './home.ts'
import { keptKeys } from './keys.ts'
import { addressTable, removeAddresses, whereToBegin, writeAddresses } from './stack/addresses.ts'
import { followErrors } from './stack/follow.ts'
import { Rising } from './stack/rising.ts'
import { ownParts, settledPorts } from './stack/settings.ts'

const say = (line: string): void => {
  process.stdout.write(`  ${line}\n`)
}

// A closed terminal must not keep us from stopping in order.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {})

/** Why the stack is to stop; the exit code that follows from it. */
interface Reason {
  readonly text: string
  readonly code: number
}

const { promise: stopAsked, resolve: askStop } = Promise.withResolvers<Reason>()
let askedAt: number | undefined
let forced = false

function interrupt(signal: string): void {
  const now = Date.now()
  if (askedAt === undefined) {
    askedAt = now
    askStop({ text: `Stopping (${signal}) …`, code: 0 })
    return
  }
  // npm passes on to us the very signal the terminal has sent to us already: only a later one is a second wish.
  if (forced || now - askedAt < 1_500) return
  forced = true
  process.stdout.write('Stopping at once, without waiting for open work.\n')
  void endStragglers().finally(() => process.exit(1))
}

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => interrupt(signal))

/** A process started by npm stops when npm is gone, since no one could stop it any more. */
function stopWithNpm(): void {
  if (process.env.npm_lifecycle_event === undefined) return
  const parent = process.ppid
  setInterval(() => {
    if (process.ppid !== parent) interrupt('npm is gone')
  }, 500).unref()
}

function watch(child: Child): void {
  if (child.name === 'api' || child.name === 'worker')
    followErrors(child.log, (line) => process.stderr.write(`  ${child.name}: ${line}\n`))
  void child.ended.then((ending) => {
    if (askedAt !== undefined) return
    const text = `The ${child.name} stopped unexpectedly (${describeEnding(ending)}). Its last log lines:\n${lastLines(child.log)}\nStopping everything …`
    askStop({ text, code: 1 })
  })
}

async function main(): Promise<number> {
  stopWithNpm()
  const home = await takeHome(homeFolder(process.env), say)
  const stackFile = home.path('stack.json')
  removeAddresses(stackFile)
  let rising: Rising | undefined
  try {
    const own = ownParts(process.env)
    const keys = keptKeys(home.path('keys.json'))
    const ports = await settledPorts(process.env, own, keys)
    process.stdout.write('Assent: starting the local stack\n')
    rising = new Rising({ home, keys, ports, own, env: process.env, say, onChild: watch })
    const up = rising.start().then((addresses) => {
      if (askedAt !== undefined) return
      writeAddresses(stackFile, addresses)
      process.stdout.write(
        `\nEverything is up:\n\n${addressTable(addresses, home.path('logs'))}\n\n${whereToBegin(addresses)}Ctrl-C stops everything.\n`,
      )
    })
    const reason = await Promise.race([stopAsked, up.then(() => stopAsked)])
    askedAt ??= Date.now()
    up.catch(() => {})
    process.stdout.write(`${reason.text}\n`)
    return reason.code
  } finally {
    askedAt ??= Date.now()
    removeAddresses(stackFile)
    await rising?.stop()
    await endStragglers()
    home.release()
  }
}

try {
  const code = await main()
  if (code === 0) process.stdout.write('Stopped.\n')
  process.exit(code)
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
  process.exit(1)
}
