import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { checkout } from '../../dev/home.ts'

const lockShape = z.object({
  packages: z.record(
    z.string(),
    z.object({
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
