/** docs/metrics.md and the dashboard keep up with the metrics: what they name exists, and what exists is shown. */
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Counter, Gauge, Histogram } from 'prom-client'
import { beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { checkout } from '../../dev/home.ts'
import { registry } from '../../telemetry/registry.ts'

type Described = { name: string; row: string }
let metrics: Described[] = []
beforeAll(async () => {
  for (const file of globSync('telemetry/*.ts', { cwd: checkout })) await import(join(checkout, file))
  metrics = registry.getMetricsAsArray().map(described)
})

const metricShape = z.object({ name: z.string(), help: z.string(), labelNames: z.array(z.string()) })

function described(metric: unknown): Described {
  const { name, help, labelNames } = metricShape.parse(metric)
  const kinds = { counter: Counter, gauge: Gauge, histogram: Histogram }
  const kind = Object.entries(kinds).find(([, type]) => metric instanceof type)?.[0] ?? 'unknown'
  const labels = labelNames.filter((label) => label !== 'le').map((label) => `\`${label}\``)
  return { name, row: `| \`${name}\` | ${kind} | ${labels.join(', ')} | ${help} |` }
}

/** Names of metrics in an expression, without what a histogram adds to its own. */
function namesIn(expression: string): string[] {
  const found = expression.match(/\b(?:assent|temporal|process|nodejs)_\w+/g) ?? []
  return found.map((name) => (name.startsWith('assent_') ? name.replace(/_(bucket|sum|count)$/, '') : name))
}

const page = readFileSync(join(checkout, 'docs/metrics.md'), 'utf8')

describe('docs/metrics.md', () => {
  it('has a row for each metric, as the metric describes itself, and no other', () => {
    const rows = page.split('\n').filter((line) => line.startsWith('| `assent_'))
    expect(rows.toSorted()).toEqual(metrics.map(({ row }) => row).toSorted())
  })

  it('names no metric that does not exist', () => {
    const known = new Set(metrics.map(({ name }) => name))
    const named = [...new Set(namesIn(page))].filter((name) => name.startsWith('assent_'))
    expect(named.filter((name) => !known.has(name))).toEqual([])
  })
})

const place = z.object({ x: z.number(), y: z.number(), w: z.number(), h: z.number() })
const source = z.object({ type: z.literal('prometheus'), uid: z.literal(`\${DS_PROMETHEUS}`) })
const panelShape = z.discriminatedUnion('type', [
  z.object({ type: z.literal('row'), id: z.number(), title: z.string(), gridPos: place }),
  z.object({
    type: z.enum(['stat', 'timeseries']),
    id: z.number(),
    title: z.string(),
    description: z.string().min(1),
    gridPos: place,
    datasource: source,
    targets: z.array(z.object({ refId: z.string(), expr: z.string(), datasource: source })).min(1),
  }),
])
const dashboardShape = z.object({
  // What Grafana asks for when it imports the file: which of its data sources this one is.
  __inputs: z.tuple([
    z.looseObject({
      name: z.literal('DS_PROMETHEUS'),
      type: z.literal('datasource'),
      pluginId: z.literal('prometheus'),
    }),
  ]),
  id: z.null(),
  uid: z.string(),
  title: z.string(),
  schemaVersion: z.number().min(38),
  panels: z.array(panelShape),
})

describe('the Grafana dashboard', () => {
  const dashboard = dashboardShape.parse(
    JSON.parse(readFileSync(join(checkout, 'docs/grafana/assent.json'), 'utf8')),
  )
  const queried = dashboard.panels.flatMap((panel) =>
    panel.type === 'row' ? [] : panel.targets.flatMap(({ expr }) => namesIn(expr)),
  )

  it('queries only metrics that exist', () => {
    const known = new Set(metrics.map(({ name }) => name))
    expect(queried.filter((name) => name.startsWith('assent_') && !known.has(name))).toEqual([])
    expect(queried.length).toBeGreaterThan(20)
  })

  it('shows every metric of ours', () => {
    expect(metrics.map(({ name }) => name).filter((name) => !queried.includes(name))).toEqual([])
  })

  it('names its panels once, and lays none over another', () => {
    const { panels } = dashboard
    expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length)
    const cells = panels.flatMap(({ gridPos: { x, y, w, h } }) =>
      Array.from({ length: w * h }, (_, n) => `${x + (n % w)}:${y + Math.floor(n / w)}`),
    )
    expect(new Set(cells).size).toBe(cells.length)
    for (const { gridPos } of panels) expect(gridPos.x + gridPos.w).toBeLessThanOrEqual(24)
  })
})
