/** One code of the catalogue, as the documentation shows it. */
export type CatalogueEntry = {
  /** What leads to this refusal, in full sentences, with code between backticks. */
  readonly cause: string
  /** What the caller does next. */
  readonly remedy: string
}

export type CatalogueEntries = Readonly<Record<string, CatalogueEntry>>
