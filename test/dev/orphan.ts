/** Run as a process by child.test.ts: starts a guarded program, says its id, and waits to be killed. */
import { startGuarded } from '../../dev/child/guarded.ts'

const [log = '', scratch = ''] = process.argv.slice(2)
const child = await startGuarded('sleeper', log, {
  command: '/bin/sh',
  args: ['-c', 'exec sleep 1000'],
  env: {},
  stopSignal: 'SIGTERM',
  graceMs: 5_000,
  removeAtEnd: [scratch],
})
process.send?.(child.pids)
