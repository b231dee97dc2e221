/**
 * Whether the engine is the one that we told everything. A new server has a namespace with another id; one that was put back to an
 * earlier state has the same, but its beacon workflow has counted less far than we saw it count.
 */

export type Epoch = {
  /** Id of the namespace. */
  namespace: string
  /** What the beacon has counted to. */
  generation: number
}

/** @param known as last seen; `namespace` null before the first look, after which all open runs are looked at too */
export function hasChanged(known: { namespace: string | null; generation: number }, seen: Epoch): boolean {
  return known.namespace !== seen.namespace || seen.generation < known.generation
}
