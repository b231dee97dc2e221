import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { checkout } from '../../dev/home.ts'

const lockShape = z.object({
  packages: z.record(
    z.string(),
    z.object({
      version: z.string().optional(),
      resolved: z.string().optional(),
      integrity: z.string().optional(),
      hasInstallScript: z.boolean().optional(),
      optionalDependencies: z.record(z.string(), z.string()).optional(),
    }),
  ),
})
const { packages } = lockShape.parse(JSON.parse(readFileSync(join(checkout, 'package-lock.json'), 'utf8')))

test('the lock file holds the packages of every platform, else `npm ci` refuses it (npm run lock mends it)', () => {
  const missing = Object.entries(packages).flatMap(([path, { optionalDependencies }]) =>
    Object.keys(optionalDependencies ?? {}).filter(
      (name) => !(`node_modules/${name}` in packages) && !(`${path}/node_modules/${name}` in packages),
    ),
  )
  expect(missing).toEqual([])
})

test('the lock file names no registry', () => {
  expect(Object.entries(packages).filter(([, { resolved }]) => resolved !== undefined)).toEqual([])
})

test('the lock file has an integrity for every package (npm run lock adds it)', () => {
  const unchecked = Object.entries(packages).filter(
    ([path, { integrity }]) => path !== '' && integrity === undefined,
  )
  expect(unchecked.map(([path]) => path)).toEqual([])
})

test('package.json says of every install script whether npm may run it', () => {
  const manifestShape = z.object({ allowScripts: z.record(z.string(), z.boolean()) })
  const manifest = manifestShape.parse(JSON.parse(readFileSync(join(checkout, 'package.json'), 'utf8')))
  const scripted = Object.entries(packages).flatMap(([path, { hasInstallScript }]) =>
    hasInstallScript === true ? [path.replace(/^.*node_modules\//, '')] : [],
  )
  expect(Object.keys(manifest.allowScripts).sort()).toEqual([...new Set(scripted)].sort())
})

/**
 * Advisories of severity high or critical for packages of this tree: the first version of each release line without them. A line
 * that is not named here counts as affected if it is older than the oldest one that is.
 */
const fixedIn: readonly (readonly [name: string, versions: readonly string[], advisory: string])[] = [
  ['nodemailer', ['9.1.0'], 'GHSA-2x7j-588g-ccc2, GHSA-p6gq-j5cr-w38f'],
  ['smtp-server', ['3.18.3'], 'GHSA-fv2f-rw9f-v9cm'],
  ['liquidjs', ['10.27.2'], 'GHSA-4r6h-5v86-94p3, GHSA-gf2q-c269-pqgc'],
  ['protobufjs', ['7.6.3', '8.6.6'], 'GHSA-f38q-mgvj-vph7, GHSA-j3f2-48v5-ccww'],
  ['@grpc/grpc-js', ['1.14.4'], 'GHSA-5375-pq7m-f5r2, GHSA-99f4-grh7-6pcq'],
  ['drizzle-orm', ['0.45.2'], 'GHSA-gpj5-g38j-94v9'],
  ['fast-uri', ['3.1.7'], 'CVE-2026-76172, CVE-2026-84394'],
  ['undici', ['6.24.0', '7.24.0'], 'GHSA-vrm6-8vpv-qv8q'],
  ['axios', ['1.15.1'], 'GHSA-62hf-57xw-28j9'],
  ['path-to-regexp', ['0.1.13', '8.4.0'], 'GHSA-37ch-88jc-xwx2'],
  ['engine.io', ['6.6.7'], 'CVE-2026-59725'],
  ['dompurify', ['3.4.5'], 'GHSA-87xg-pxx2-7hvx'],
  ['vite', ['8.0.5'], 'GHSA-p9ff-h696-f583'],
]

const numbers = (version: string) => version.split(/[.-]/).slice(0, 3).map(Number)
function isOlder(one: string, other: string): boolean {
  const [left, right] = [numbers(one), numbers(other)]
  const place = left.findIndex((part, index) => part !== right[index])
  return place >= 0 && (left[place] ?? 0) < (right[place] ?? 0)
}

test.each(fixedIn)('no %s before %j is installed (%s)', (name, versions) => {
  const installed = Object.entries(packages).flatMap(([path, { version }]) =>
    path.endsWith(`node_modules/${name}`) && version !== undefined ? [version] : [],
  )
  const affected = installed.filter((version) => {
    const line = versions.find((fixed) => numbers(fixed)[0] === numbers(version)[0]) ?? versions[0]
    return line !== undefined && isOlder(version, line)
  })
  expect(affected).toEqual([])
})
