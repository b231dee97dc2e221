/**
 * Two projects: `rules` needs nothing but the code; `stack` needs Postgres, Temporal and a mailbox, which
 * test/setup/stack.ts starts once for the whole run. Files run in processes of their own (Temporal's core is native).
 */
import { defineConfig } from 'vitest/config'

/** Folders whose tests need no running parts. */
const rules = [
  'test/domain/**/*.test.ts',
  'test/channels/**/*.test.ts',
  'test/threads/**/*.test.ts',
  'test/dev/**/*.test.ts',
  'test/examples/**/*.test.ts',
  'test/demo/shop.test.ts',
  'test/api/docs.test.ts',
  'test/api/errors.test.ts',
]

const shared = { pool: 'forks', testTimeout: 60_000, hookTimeout: 120_000, environment: 'node' } as const

export default defineConfig({
  test: {
    maxWorkers: 2,
    reporters: ['default', './test/setup/closing-line.ts'],
    projects: [
      { test: { ...shared, name: 'rules', include: rules } },
      {
        test: {
          ...shared,
          name: 'stack',
          include: ['test/**/*.test.ts'],
          exclude: [...rules, 'test/setup/**'],
          globalSetup: ['./test/setup/stack.ts'],
        },
      },
    ],
  },
})
