import { expect, test } from 'vitest'
import { asError } from '../../dev/stack/follow.ts'

test('errors and what is no log line are shown; the rest stays in the log', () => {
  expect(asError('{"level":30,"msg":"listening"}')).toBeUndefined()
  expect(asError('{"level":50,"msg":"cannot","err":{"message":"no disk"}}')).toBe('cannot: no disk')
  expect(asError('{"level":60,"msg":"no disk","err":{"message":"no disk"}}')).toBe('no disk')
  expect(asError('    at main.ts:3')).toBe('    at main.ts:3')
  expect(asError('')).toBeUndefined()
})
