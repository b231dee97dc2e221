/**
 * Statements whose text is built once. What is said many times for each message is not built anew each time: that takes longer
 * than Postgres takes to run it. The text is made by Drizzle, from the schema or as SQL, with `given('name')` where a value
 * comes in; a value given for a column (`insertOf`, `.values()`) is encoded as the column wants it.
 */
import {
  getTableColumns,
  type InferSelectModel,
  is,
  Param,
  Placeholder,
  type SQL,
  type SQLWrapper,
  sql,
} from 'drizzle-orm'
import { PgDialect, type PgTable, type SelectedFieldsOrdered } from 'drizzle-orm/pg-core'
import { drizzle } from 'drizzle-orm/postgres-js'
import type { Db } from './connect.ts'

/** Builds statements, and is connected to nothing. */
export const build = drizzle.mock()

const dialect = new PgDialect()

/** Where a value comes in. */
export function given(name: string): Placeholder {
  return sql.placeholder(name)
}

/** Fills one parameter from what is given. */
type Filler = (values: Readonly<Record<string, unknown>>) => unknown

/** `Row` is what the text says it answers: as with every generic of a query, nobody checks it. */
export class PreparedQuery<Values extends Readonly<Record<string, unknown>>, Row> {
  readonly #text: string
  readonly #fillers: readonly Filler[]
  readonly #fields: SelectedFieldsOrdered | undefined

  /** @param table where whole rows of it are answered, in the order of its columns */
  constructor(query: SQLWrapper, table?: PgTable) {
    const { sql: text, params } = dialect.sqlToQuery(query.getSQL())
    this.#text = text
    this.#fillers = params.map(fillerOf)
    this.#fields =
      table && Object.entries(getTableColumns(table)).map(([name, field]) => ({ path: [name], field }))
  }

  /**
   * Statements said together (`Promise.all`) in a transaction travel together, and are done in their order. What is said
   * together must be single statements, not functions that go on to others: where one fails, those still run.
   * @throws TypeError for a value that is missing
   */
  async all(db: Db, values: Values): Promise<Row[]> {
    const params = this.#fillers.map((fill) => fill(values))
    return db._.session
      .prepareQuery<{ execute: Row[]; all: unknown; values: unknown }>(
        { sql: this.#text, params },
        this.#fields,
        'built',
        this.#fields !== undefined,
      )
      .execute()
  }

  async first(db: Db, values: Values): Promise<Row | undefined> {
    const [row] = await this.all(db, values)
    return row
  }
}

/** A statement that answers whole rows of a table. */
export function rowsOf<Values extends Readonly<Record<string, unknown>>>() {
  return <T extends PgTable>(table: T, query: SQLWrapper): PreparedQuery<Values, InferSelectModel<T>> =>
    new PreparedQuery(query, table)
}

/** The columns of a table in their order, for a `select` that answers whole rows. */
export function columnsOf(table: PgTable): SQL {
  const names = Object.values(getTableColumns(table)).map((column) => sql.identifier(column.name))
  return sql.join(names, sql`, `)
}

/** Inserts a whole row, every column given; answers nothing. Not for tables that count their rows by themselves. */
export function insertOf<T extends PgTable>(table: T): PreparedQuery<InferSelectModel<T>, never> {
  return new PreparedQuery(insertion(table))
}

/** As `insertOf`, where there is no such row yet; answers something only then. */
export function insertNewOf<T extends PgTable>(
  table: T,
): PreparedQuery<InferSelectModel<T>, { inserted: true }> {
  return new PreparedQuery(sql`${insertion(table)} on conflict do nothing returning true as inserted`)
}

function insertion(table: PgTable): SQL {
  const values = Object.entries(getTableColumns(table)).map(([name, column]) =>
    sql.param(given(name), column),
  )
  return sql`insert into ${table} (${columnsOf(table)}) values (${sql.join(values, sql`, `)})`
}

function fillerOf(param: unknown): Filler {
  if (is(param, Placeholder)) return (values) => givenValue(values, param.name)
  if (is(param, Param) && is(param.value, Placeholder)) {
    const { encoder } = param
    const { name } = param.value
    return (values) => {
      const value = givenValue(values, name)
      return value === null ? null : encoder.mapToDriverValue(value)
    }
  }
  return () => param
}

/** Said to the driver, a value that is missing would stop its connection for good. */
function givenValue(values: Readonly<Record<string, unknown>>, name: string): unknown {
  const value = values[name]
  if (value === undefined) throw new TypeError(`a statement was not given "${name}"`)
  return value
}
