/**
 * The browser of the browser tests is Debian's Chromium. Where it is missing and may be installed (by root, on a Debian), it
 * is; elsewhere a line says what is missing, and the browser tests fail saying the same: they are never skipped.
 */
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'

/** Where to look, the Debian way first. CHROMIUM_PATH names another. */
const places = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
]

function findBrowser(env: Readonly<Record<string, string | undefined>> = process.env): string | undefined {
  const chosen = env.CHROMIUM_PATH
  return [...(chosen === undefined || chosen === '' ? [] : [chosen]), ...places].find((file) =>
    existsSync(file),
  )
}

/**
 * The browser's path, for playwright's `executablePath`.
 *
 * @throws Error that says what to install
 */
export function browserPath(): string {
  const found = findBrowser()
  if (found !== undefined) return found
  throw new Error(
    'The browser tests need Chromium, which is not here. On Debian or Ubuntu: apt-get install chromium. ' +
      'Elsewhere install it or Chrome, and name it in CHROMIUM_PATH.',
  )
}

/** Installs Chromium where that is missing and possible. Never throws: the tests that need it will. */
export function provideBrowser(say: (line: string) => void): void {
  if (findBrowser() !== undefined) return
  const mayInstall = process.getuid?.() === 0 && existsSync('/usr/bin/apt-get')
  if (mayInstall) {
    say('\n== installing chromium (once, some minutes)')
    const options = { stdio: 'ignore', env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' } } as const
    spawnSync('apt-get', ['update'], options)
    spawnSync('apt-get', ['install', '-y', '--no-install-recommends', 'chromium'], options)
  }
  if (findBrowser() === undefined)
    say('Chromium is missing: the browser tests will fail and say how to install it.')
}
