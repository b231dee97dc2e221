/**
 * Whether the engine still has everything that was sent to it. A new server has a namespace with another id. A
 * namespace restored to an earlier state has the same id, but its beacon workflow has counted less far than we saw it
 * count.
 */

export type Epoch = {
  /** Id of the namespace. */
  namespace: string
  /** What the beacon has counted to. */
  generation: number
}

/** @param known as last seen; `namespace` is null before the first check, after which all open runs are checked too */
export function hasChanged(known: { namespace: string | null; generation: number }, seen: Epoch): boolean {
  return known.namespace !== seen.namespace || seen.generation < known.generation
}
