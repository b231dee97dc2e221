/**
 * Every child this process has started and not yet seen end, also those still on their way up: what is left here after an
 * orderly stop (an interrupted start, a part that hangs) can be ended at once.
 */
interface Running {
  readonly ended: Promise<unknown>
  kill(): void
}

const running = new Set<Running>()

export function noteRunning(child: Running): void {
  running.add(child)
  void child.ended.then(() => running.delete(child))
}

/** Ends whatever still runs, at once, and waits until it is gone. */
export async function endStragglers(): Promise<void> {
  const left = [...running]
  for (const child of left) child.kill()
  await Promise.all(left.map((child) => child.ended))
}
