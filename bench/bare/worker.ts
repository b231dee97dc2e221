/** The bare workflow's worker, a process of its own as ours is. Settings: TEMPORAL_ADDRESS, TASK_QUEUE, BUNDLE, SMTP_URL. */
import { readFileSync } from 'node:fs'
import { DefaultLogger, NativeConnection, Runtime, Worker } from '@temporalio/worker'
import { z } from 'zod'
import { createBareActivities } from './activities.ts'

const settings = z
  .object({ TEMPORAL_ADDRESS: z.string(), TASK_QUEUE: z.string(), BUNDLE: z.string(), SMTP_URL: z.string() })
  .parse(process.env)

Runtime.install({ logger: new DefaultLogger('ERROR'), shutdownSignals: [] })
const connection = await NativeConnection.connect({ address: settings.TEMPORAL_ADDRESS })
const worker = await Worker.create({
  connection,
  taskQueue: settings.TASK_QUEUE,
  workflowBundle: { code: readFileSync(settings.BUNDLE, 'utf8') },
  activities: createBareActivities(settings.SMTP_URL),
})
process.once('SIGTERM', () => worker.shutdown())
process.once('disconnect', () => worker.shutdown())
const running = worker.run()
process.send?.({ ready: true })
await running
await connection.close()
process.exit()
