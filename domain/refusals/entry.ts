/** One code of the catalogue, as the documentation shows it. */
export type CatalogueEntry = {
  /** What leads to this refusal: full sentences. Code stands between backticks. */
  readonly cause: string
  /** What the caller does next. */
  readonly remedy: string
}

export type CatalogueEntries = Readonly<Record<string, CatalogueEntry>>
