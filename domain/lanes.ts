/** The lanes of the outbox: lower ones go first. Each has one kind of rows, so that those for the engine can rest while it is away. */
export const lanes = { withdrawals: 0, stops: 1, events: 2, nudges: 3, starts: 4 } as const

export type LaneName = keyof typeof lanes

export const laneNames: readonly LaneName[] = ['withdrawals', 'stops', 'events', 'nudges', 'starts']

const names: ReadonlyMap<number, string> = new Map(Object.entries(lanes).map(([name, lane]) => [lane, name]))

export function laneName(lane: number): string {
  return names.get(lane) ?? 'other'
}
