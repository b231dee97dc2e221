/**
 * The lanes of the outbox: lower numbers go first. Each lane holds one kind of row, so that rows for the engine can
 * wait while it is down.
 */
export const lanes = { withdrawals: 0, stops: 1, events: 2, nudges: 3, starts: 4 } as const

export type LaneName = keyof typeof lanes

export const laneNames: readonly LaneName[] = ['withdrawals', 'stops', 'events', 'nudges', 'starts']

const names: ReadonlyMap<number, string> = new Map(Object.entries(lanes).map(([name, lane]) => [lane, name]))

export function laneName(lane: number): string {
  return names.get(lane) ?? 'other'
}
