/** What runs inside workflows: little, deterministic, and nothing that a new version of a library could change under a history. */
import { readFileSync } from 'node:fs'
import { expect, inject, it } from 'vitest'

/** Modules as webpack names them, from the folder of the project. */
const modules = [
  ...readFileSync(inject('bundle'), 'utf8').matchAll(/^\/\*\*\*\/ "\.\/([^"\n]+)"$/gm),
].flatMap(([, name]) => name ?? [])

it('of ours, the bundle holds the workflows and no other room', () => {
  const ours = modules.filter((name) => !name.startsWith('node_modules/'))
  expect(ours).toContain('workflows/drive.ts')
  expect(ours.filter((name) => !name.startsWith('workflows/'))).toEqual([])
})

it('of packages, it holds the Temporal SDK and what that needs: no zod', () => {
  const packages = modules.flatMap((name) => /^node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(name)?.[1] ?? [])
  expect([...new Set(packages)].sort()).toEqual([
    '@temporalio/common',
    '@temporalio/workflow',
    'long',
    'ms',
    'nexus-rpc',
  ])
})
