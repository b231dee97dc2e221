/** Rows whose retention is over, deleted in the background. */
import { Counter } from 'prom-client'
import type { RetentionName } from '../domain/retention.ts'
import { registry } from './registry.ts'

const swept = new Counter({
  name: 'assent_swept_rows_total',
  help: 'Rows deleted because their retention was over, by name as in ASSENT_RETENTION',
  labelNames: ['retention'] as const,
  registers: [registry],
})
const failed = new Counter({
  name: 'assent_sweep_failures_total',
  help: 'Sweeps that failed, by name; they are tried again in the next round',
  labelNames: ['retention'] as const,
  registers: [registry],
})

export function countSwept(retention: RetentionName, rows: number): void {
  swept.inc({ retention }, rows)
}

export function countSweepFailure(retention: RetentionName): void {
  failed.inc({ retention })
}
