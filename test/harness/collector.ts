/** A collector of traces on 127.0.0.1: takes what an exporter posts over OTLP/HTTP in protobuf, and keeps the spans. */
import { createServer } from 'node:http'
import { createRequire } from 'node:module'
import { z } from 'zod'

const hex = z.string().transform((text) => Buffer.from(text, 'base64').toString('hex'))
const attribute = z.object({
  key: z.string(),
  value: z
    .looseObject({
      stringValue: z.string().optional(),
      intValue: z.union([z.string(), z.number()]).optional(),
    })
    .transform(({ stringValue, intValue, ...other }) => stringValue ?? intValue ?? Object.values(other)[0]),
})
const spanShape = z
  .object({
    traceId: hex,
    spanId: hex,
    parentSpanId: hex.optional(),
    name: z.string(),
    attributes: z.array(attribute).default([]),
    status: z.object({ code: z.number().optional() }).optional(),
  })
  .transform(({ attributes, ...span }) => ({
    ...span,
    attributes: Object.fromEntries(attributes.map(({ key, value }) => [key, value])),
  }))
const requestShape = z.object({
  resourceSpans: z
    .array(
      z.object({
        resource: z.object({ attributes: z.array(attribute) }),
        scopeSpans: z.array(z.object({ spans: z.array(spanShape) })),
      }),
    )
    .default([]),
})

/** `service` as the resource names it. */
export type CollectedSpan = z.output<typeof spanShape> & { service: unknown }

type Decoder = {
  decode(bytes: Uint8Array): unknown
  toObject(message: unknown, options: { bytes: typeof String; longs: typeof String }): unknown
}
const isDecoder = (value: unknown): value is Decoder =>
  typeof value === 'function' && 'decode' in value && 'toObject' in value
const at = (value: unknown, name: string): unknown =>
  (typeof value === 'object' || typeof value === 'function') && value !== null
    ? Reflect.get(value, name)
    : undefined

/** The message that an exporter posts, as its specification declares it. */
function decoder(): Decoder {
  const root: unknown = createRequire(import.meta.url)(
    '@opentelemetry/otlp-transformer/build/src/generated/root.js',
  )
  const path = 'opentelemetry.proto.collector.trace.v1.ExportTraceServiceRequest'
  const found = path.split('.').reduce(at, root)
  if (!isDecoder(found)) throw new Error('no decoder for traces')
  return found
}

export class Collector {
  readonly spans: CollectedSpan[] = []
  readonly #close: () => Promise<void>
  readonly url: string

  private constructor(url: string, close: () => Promise<void>) {
    this.url = url
    this.#close = close
  }

  static async start(): Promise<Collector> {
    const request = decoder()
    const server = createServer((incoming, response) => {
      const parts: Buffer[] = []
      incoming.on('data', (part: Buffer) => parts.push(part))
      incoming.on('end', () => {
        const decoded = request.toObject(request.decode(Buffer.concat(parts)), {
          bytes: String,
          longs: String,
        })
        for (const { resource, scopeSpans } of requestShape.parse(decoded).resourceSpans) {
          const service = resource.attributes.find(({ key }) => key === 'service.name')?.value
          for (const { spans } of scopeSpans)
            for (const span of spans) collector.spans.push({ ...span, service })
        }
        response.writeHead(200, { 'Content-Type': 'application/x-protobuf' })
        response.end()
      })
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const address = server.address()
    const port = typeof address === 'object' && address !== null ? address.port : 0
    const collector = new Collector(`http://127.0.0.1:${port}`, async () => {
      const closed = new Promise((resolve) => server.close(resolve))
      server.closeAllConnections()
      await closed
    })
    return collector
  }

  /** The names of a trace's spans, each under its parents: `a > b`. */
  paths(traceId: string): string[] {
    const spans = this.spans.filter((span) => span.traceId === traceId)
    const pathOf = (span: CollectedSpan): string => {
      const parent = spans.find(({ spanId }) => spanId === span.parentSpanId)
      return parent === undefined ? span.name : `${pathOf(parent)} > ${span.name}`
    }
    return spans.map(pathOf)
  }

  close(): Promise<void> {
    return this.#close()
  }
}
