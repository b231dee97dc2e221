/** Which Temporal is new enough: the server that can skip time for one workflow. */
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

/** The release of Temporal's command line tool that is downloaded, or built from dev/engine/go.mod. */
export const cliVersion = '1.9.1'

const leastServer: readonly [number, number] = [1, 32]

/** Reads "temporal version 1.9.1 (Server 1.32.0, UI 2.54.1)". Undefined when it says no server version. */
export function serverVersion(output: string): readonly [number, number] | undefined {
  const found = /\bServer (\d+)\.(\d+)/.exec(output)
  return found === null ? undefined : [Number(found[1]), Number(found[2])]
}

/** Whether that output is of a server we can work with. */
export function isNewEnough(output: string): boolean {
  const version = serverVersion(output)
  if (version === undefined) return false
  const [major, minor] = version
  return major > leastServer[0] || (major === leastServer[0] && minor >= leastServer[1])
}

/** What the program says of its version, or undefined when it does not run. */
export async function askVersion(binary: string): Promise<string | undefined> {
  try {
    const { stdout } = await promisify(execFile)(binary, ['--version'], { timeout: 15_000 })
    return stdout.trim()
  } catch {
    return undefined
  }
}
