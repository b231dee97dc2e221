/**
 * A small pool of threads for work on untrusted input. The process continues (heartbeats, requests, withdrawals) while
 * a job runs. A job has a deadline and a thread has bounded memory: one that exceeds either is stopped together with
 * its thread, and a new thread takes its place.
 *
 * Jobs wait in the order of asking, with one exception: jobs of one group (one message, one trigger) never take the
 * last thread, and a group whose job was just stopped may have one job at a time. So what costs too much holds up only
 * itself.
 */
import { availableParallelism } from 'node:os'
import { Worker } from 'node:worker_threads'
import { countStoppedJob, observeJob, type ThreadsUse } from '../telemetry/threads.ts'
import type { JobInput, JobName, JobOutput } from './jobs.ts'
import type { Order, Report } from './messages.ts'

/**
 * - `deadline`, `memory`: this job took too long, or needed too much; on a quiet machine it may do better, once or twice
 * - `busy`: too many jobs wait; try again later
 * - `closed`: the process is stopping
 */
export type StopCode = 'deadline' | 'memory' | 'busy' | 'closed'

/** A job that was not done. Nothing came of it. */
export class JobStopped extends Error {
  override readonly name = 'JobStopped'
  readonly code: StopCode

  constructor(code: StopCode) {
    super(`a job in a thread was not done: ${code}`)
    this.code = code
  }
}

/** The job's own code threw. The message may quote what it worked on: for our own log only. */
export class JobFailed extends Error {
  override readonly name = 'JobFailed'
  /** Name of the error that was thrown. */
  readonly kind: string

  constructor(kind: string, message: string) {
    super(message)
    this.kind = kind
  }
}

export type ThreadsOptions = {
  /** Threads; as many as processors, from 2 to 4. */
  readonly size?: number
  /** Milliseconds for one job; 5 seconds, where a usual mail takes one millisecond. */
  readonly deadline?: number
  /** Megabytes of JavaScript heap for one thread; 192. */
  readonly memory?: number
  /** Jobs that may wait; 1,000. */
  readonly mostWaiting?: number
}

/** How long a group whose job was stopped has one job at a time, in milliseconds. */
const PROBATION = 60_000
/** How long a thread may take to start, in milliseconds. */
const START_LIMIT = 60_000

type Job = {
  readonly order: Order
  readonly group: string
  readonly deadline: number
  readonly resolve: (output: unknown) => void
  readonly reject: (reason: Error) => void
}

export class Threads {
  readonly #size: number
  readonly #deadline: number
  readonly #memory: number
  readonly #mostWaiting: number
  readonly #members = new Set<Member>()
  readonly #waiting: Job[] = []
  /** Groups on probation, and until when. */
  readonly #stopped = new Map<string, number>()
  #closed = false

  constructor(options: ThreadsOptions = {}) {
    this.#size = options.size ?? Math.min(4, Math.max(2, availableParallelism()))
    this.#deadline = options.deadline ?? 5_000
    this.#memory = options.memory ?? 192
    this.#mostWaiting = options.mostWaiting ?? 1_000
  }

  /** Starts the threads, so that the first job need not wait for them. */
  warm(): void {
    while (this.#members.size < this.#size) this.#hire()
  }

  /**
   * Does a job in a thread. Input and output are copied (structured clone).
   *
   * @param group what shares a fate: the key of a message, the name of a trigger
   * @param options.deadline milliseconds, counted from when a thread takes the job
   * @throws JobStopped where it was not done
   * @throws JobFailed where the job itself threw
   */
  run<Name extends JobName>(
    name: Name,
    group: string,
    input: JobInput<Name>,
    options: { deadline?: number } = {},
  ): Promise<JobOutput<Name>> {
    const began = performance.now()
    return this.#queue(name, group, input, options.deadline ?? this.#deadline).then(
      (output) => {
        observeJob(name, (performance.now() - began) / 1_000)
        return output
      },
      (reason: Error) => {
        countStoppedJob(name, reason instanceof JobStopped ? reason.code : 'failed')
        throw reason
      },
    )
  }

  /** How busy it is now. */
  get use(): ThreadsUse {
    const busy = [...this.#members].filter((member) => member.job !== null).length
    return { size: this.#size, busy, waiting: this.#waiting.length }
  }

  #queue<Name extends JobName>(
    name: Name,
    group: string,
    input: JobInput<Name>,
    deadline: number,
  ): Promise<JobOutput<Name>> {
    if (this.#closed) return Promise.reject(new JobStopped('closed'))
    if (this.#waiting.length >= this.#mostWaiting || this.#isHeldBack(group)) {
      return Promise.reject(new JobStopped('busy'))
    }
    return new Promise((resolve, reject) => {
      this.#waiting.push({
        order: { name, input },
        group,
        deadline,
        // The thread did this very job: what comes back is what it gives.
        resolve: (output) => resolve(output as JobOutput<Name>),
        reject,
      })
      this.#assign()
    })
  }

  /** Ends all threads; what runs or waits is not done. */
  async close(): Promise<void> {
    this.#closed = true
    for (const job of this.#waiting.splice(0)) job.reject(new JobStopped('closed'))
    await Promise.all([...this.#members].map((member) => member.stop('closed')))
  }

  #isHeldBack(group: string): boolean {
    const until = this.#stopped.get(group)
    if (until === undefined) return false
    if (until < performance.now()) {
      this.#stopped.delete(group)
      return false
    }
    return this.#runningOf(group) > 0 || this.#waiting.some((job) => job.group === group)
  }

  #runningOf(group: string): number {
    let running = 0
    for (const member of this.#members) if (member.job?.group === group) running++
    return running
  }

  #assign(): void {
    const most = Math.max(1, this.#size - 1)
    while (this.#waiting.length > 0) {
      const at = this.#waiting.findIndex((job) => this.#runningOf(job.group) < most)
      if (at < 0) return
      const member =
        [...this.#members].find((one) => one.job === null) ??
        (this.#members.size < this.#size ? this.#hire() : null)
      if (member === null) return
      const [job] = this.#waiting.splice(at, 1)
      if (job !== undefined) member.take(job)
    }
  }

  #hire(): Member {
    const member: Member = new Member(this.#memory, {
      free: () => this.#assign(),
      gone: (job, code) => {
        this.#members.delete(member)
        if (job !== null && (code === 'deadline' || code === 'memory')) {
          this.#stopped.set(job.group, performance.now() + PROBATION)
        }
        if (!this.#closed) this.#assign()
      },
    })
    this.#members.add(member)
    return member
  }
}

type Told = {
  /** It can take another job. */
  free: () => void
  /** It has ended; the job it had was not done. */
  gone: (job: Job | null, code: StopCode | null) => void
}

/** One thread, and the job it has. */
class Member {
  readonly #worker: Worker
  readonly #told: Told
  #job: Job | null = null
  #ready = false
  #timer: NodeJS.Timeout | null = null
  #ended = false

  constructor(memory: number, told: Told) {
    this.#told = told
    this.#worker = new Worker(new URL('./thread.ts', import.meta.url), {
      // Not those of a test runner or debugger that started us.
      execArgv: [],
      resourceLimits: { maxOldGenerationSizeMb: memory, maxYoungGenerationSizeMb: 32 },
    })
    this.#worker.on('message', (report: Report) => this.#hear(report))
    this.#worker.on('error', (error) => this.#fail(error))
    this.#worker.on('exit', () => this.#end(new JobStopped('memory'), 'memory'))
    this.#worker.unref()
  }

  get job(): Job | null {
    return this.#job
  }

  take(job: Job): void {
    this.#job = job
    // A process that waits for an answer must not end; one that has none to wait for may.
    this.#worker.ref()
    this.#worker.postMessage(job.order)
    this.#watch(this.#ready ? job.deadline : START_LIMIT)
  }

  async stop(code: StopCode): Promise<void> {
    this.#end(new JobStopped(code), code)
    await this.#worker.terminate()
  }

  #hear(report: Report): void {
    if (this.#ended) return
    if (report.kind === 'ready') {
      this.#ready = true
      if (this.#job !== null) this.#watch(this.#job.deadline)
      return
    }
    const job = this.#job
    if (job === null) return
    this.#job = null
    this.#unwatch()
    this.#worker.unref()
    if (report.kind === 'done') job.resolve(report.output)
    else job.reject(new JobFailed(report.name, report.message))
    this.#told.free()
  }

  #watch(milliseconds: number): void {
    this.#unwatch()
    const job = this.#job
    this.#timer = setTimeout(() => {
      // Where we were late ourselves, the answer may be there already: it is heard before this.
      setImmediate(() => {
        if (this.#job === job && job !== null) void this.stop('deadline')
      })
    }, milliseconds)
  }

  #unwatch(): void {
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.#timer = null
  }

  #fail(error: unknown): void {
    const { code, name, message } = readError(error)
    if (code === 'ERR_WORKER_OUT_OF_MEMORY') this.#end(new JobStopped('memory'), 'memory')
    else this.#end(new JobFailed(name, message), null)
  }

  #end(reason: Error, code: StopCode | null): void {
    if (this.#ended) return
    this.#ended = true
    this.#unwatch()
    const job = this.#job
    this.#job = null
    job?.reject(reason)
    this.#told.gone(job, code)
  }
}

function readError(error: unknown): { code: string | null; name: string; message: string } {
  if (!(error instanceof Error)) return { code: null, name: 'unknown', message: '' }
  const code = 'code' in error && typeof error.code === 'string' ? error.code : null
  return { code, name: error.name, message: error.message }
}
