/** Prints one plain last line, `N passed, N failed`, for people and machines that read only that. */
import type { Reporter, TestModule } from 'vitest/node'

export default class ClosingLine implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], errors: readonly unknown[]): void {
    let passed = 0
    let failed = errors.length
    for (const module of modules) {
      // A file that cannot be loaded, or whose hooks fail, has no failed test to show for it.
      failed += module.errors().length
      for (const suite of module.children.allSuites()) failed += suite.errors().length
      for (const test of module.children.allTests()) {
        const { state } = test.result()
        if (state === 'passed') passed++
        else failed++
      }
    }
    // The default reporter writes its summary in the same turn: ours comes after it.
    process.once('exit', (code) => {
      // What fails after the last test (the global teardown) shows in the exit code only.
      const all = code !== 0 && failed === 0 ? 1 : failed
      process.stdout.write(`${passed} passed, ${all} failed\n`)
    })
  }
}
