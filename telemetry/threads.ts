/** Work in threads: rendering, checking templates and payloads. */
import { Counter, Gauge, Histogram } from 'prom-client'
import { registry } from './registry.ts'

export type ThreadsUse = { size: number; busy: number; waiting: number }

let useOf: (() => ThreadsUse) | null = null

new Gauge({
  name: 'assent_threads',
  help: 'Threads: size (most there may be), busy, waiting (jobs in line)',
  labelNames: ['state'] as const,
  registers: [registry],
  collect() {
    if (useOf === null) return
    for (const [state, count] of Object.entries(useOf())) this.set({ state }, count)
  },
})
const jobs = new Histogram({
  name: 'assent_thread_job_seconds',
  help: 'Time of a job from asking to its result, waiting included; renderMail is the rendering of a mail',
  labelNames: ['job'] as const,
  buckets: [0.001, 0.0025, 0.005, 0.01, 0.05, 0.25, 1, 5],
  registers: [registry],
})
const stopped = new Counter({
  name: 'assent_thread_jobs_stopped_total',
  help: 'Jobs that were not done: deadline, memory, busy, closed, or failed where the job itself threw',
  labelNames: ['job', 'code'] as const,
  registers: [registry],
})

export function watchThreads(use: () => ThreadsUse): void {
  useOf = use
}

export function observeJob(job: string, seconds: number): void {
  jobs.observe({ job }, seconds)
}

export function countStoppedJob(
  job: string,
  code: 'deadline' | 'memory' | 'busy' | 'closed' | 'failed',
): void {
  stopped.inc({ job, code })
}
