/** Reads metrics as Prometheus does: text, a sample a line. */

export type Samples = {
  /** Sum of all samples of this name whose labels are these; null where there is none. */
  value(name: string, labels?: Record<string, string>): number | null
  readonly text: string
}

export function readSamples(text: string): Samples {
  const samples = text.split('\n').flatMap((line) => {
    const [, name, labels = '', value] = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)$/.exec(line) ?? []
    if (name === undefined) return []
    const pairs = [...labels.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)].map(([, key = '', of = '']) => [key, of])
    return [{ name, labels: new Map(pairs.map(([key = '', of = '']) => [key, of])), value: Number(value) }]
  })
  return {
    text,
    value: (name, wanted = {}) => {
      const found = samples.filter(
        (one) => one.name === name && Object.entries(wanted).every(([key, of]) => one.labels.get(key) === of),
      )
      return found.length === 0 ? null : found.reduce((sum, one) => sum + one.value, 0)
    },
  }
}
