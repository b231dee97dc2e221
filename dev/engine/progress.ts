/** Prints the progress of slow work, at every tenth and at least every few seconds. */

export class Progress {
  readonly #say: (line: string) => void
  readonly #what: string
  readonly #all: number
  readonly #unit: string
  readonly #timer: NodeJS.Timeout
  #done = 0
  #told = -1

  /** @param all how many there are, as well as one knows beforehand; 0: not known */
  constructor(options: {
    say: (line: string) => void
    what: string
    all: number
    unit: string
    everyMs?: number
  }) {
    this.#say = options.say
    this.#what = options.what
    this.#all = options.all
    this.#unit = options.unit
    this.#timer = setInterval(() => this.#tell(), options.everyMs ?? 10_000)
    this.#timer.unref()
  }

  add(count: number): void {
    this.#done += count
    if (this.#all === 0) return
    const tenth = Math.floor((this.#done / this.#all) * 10)
    if (tenth <= this.#told) return
    this.#told = tenth
    this.#tell()
  }

  end(): void {
    clearInterval(this.#timer)
  }

  #tell(): void {
    this.#say(`${this.#what}: ${progressText(this.#done, this.#all, this.#unit)}`)
  }
}

/** Such as `512 of 1024 packages (50 %)`. What is more than was known beforehand is all there is. */
function progressText(done: number, all: number, unit: string): string {
  if (all === 0) return `${done} ${unit}`
  const most = Math.max(done, all)
  return `${done} of ${most} ${unit} (${Math.floor((done / most) * 100)} %)`
}
