/**
 * Consent state by its definition, without folding: for one question the whole ledger is filtered, sorted and read
 * from the end. Slow and plain; the fold is held against it.
 */
import type { FoldEvent } from '../../../domain/consent/types.ts'

const micros = (text: string): bigint => {
  const [whole = '', fraction = ''] = text.replace('Z', '').split('.')
  return BigInt(Date.parse(`${whole}Z`)) * 1000n + BigInt(fraction.padEnd(6, '0'))
}
const when = (event: FoldEvent): bigint => {
  const [lesser = 0n] = [micros(event.occurredAt), micros(event.recordedAt)].sort((a, b) => Number(a - b))
  return lesser
}
const inOrder = (a: FoldEvent, b: FoldEvent): number => {
  if (when(a) !== when(b)) return when(a) < when(b) ? -1 : 1
  if (a.state !== b.state) return a.state === 'opted-in' ? -1 : 1
  return a.seq - b.seq
}

export function expectedStanding(all: readonly FoldEvent[], purpose: string, topic: string | null) {
  const taken = all.filter((event) => event.kind === 'retraction').map((event) => event.retracts)
  const live = all.filter((event) => event.kind !== 'retraction' && !taken.includes(event.id))
  const said = live.filter((event) => event.kind === 'consent').sort(inOrder)
  const everythingOff = said.filter((event) => event.purpose === '*' && event.state === 'opted-out')
  const of = (ofTopic: string | null) =>
    said.filter((event) => event.purpose === purpose && event.topic === ofTopic)

  const ofPurpose = [...of(null), ...everythingOff].sort(inOrder).at(-1)
  const optOutsAbove = [...of(null).filter((event) => event.state === 'opted-out'), ...everythingOff]
  const above = topic === null ? everythingOff : optOutsAbove

  const pending = live.some(
    (request) =>
      request.kind === 'pending' &&
      request.purpose === purpose &&
      request.topic === topic &&
      !live.some(
        (first) =>
          first.kind === 'pending' &&
          first.doubleOptIn === request.doubleOptIn &&
          first.purpose === purpose &&
          first.topic === topic &&
          when(first) < when(request),
      ) &&
      !live.some(
        (end) =>
          end.doubleOptIn === request.doubleOptIn &&
          (end.kind === 'pending-ended' || (end.kind === 'consent' && end.state === 'opted-in')),
      ) &&
      ![...above, ...of(topic).filter((event) => event.state === 'opted-out')].some(
        (end) => when(end) >= when(request),
      ),
  )

  if (topic === null)
    return { state: ofPurpose?.state ?? 'none', since: ofPurpose && when(ofPurpose), pending }
  const own = of(topic).at(-1)
  const isVoid = own?.state === 'opted-in' && optOutsAbove.some((event) => when(event) >= when(own))
  if (own !== undefined && !isVoid) return { state: own.state ?? 'none', since: when(own), pending }
  if (ofPurpose?.state === 'opted-out') return { state: 'opted-out', since: when(ofPurpose), pending }
  return { state: 'none', since: undefined, pending }
}

export { micros }
