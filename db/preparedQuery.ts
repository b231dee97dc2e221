/**
 * Hot queries are compiled once: building the SQL costs more than Postgres needs to run it. Drizzle builds the text, from the schema or
 * from SQL, with `given('name')` as the placeholder of a value. A value for a column (`insertOf`, `.values()`) is encoded as that column
 * requires. `with` binds a query to its values; `pipelined` sends several bound queries in one round trip.
 */
import {
  getTableColumns,
  type InferInsertModel,
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

/** Builds queries only; it has no connection. */
export const build = drizzle.mock()

const dialect = new PgDialect()

/** A named placeholder for a value. */
export function given(name: string): Placeholder {
  return sql.placeholder(name)
}

/** Computes one parameter from the values. */
type Filler = (values: Readonly<Record<string, unknown>>) => unknown

/** A query that is compiled once. `Row` is the type of the selected rows; nothing checks it against the SQL. */
export class PreparedQuery<Values extends Readonly<Record<string, unknown>>, Row> {
  readonly #text: string
  readonly #fillers: readonly Filler[]
  readonly #fields: SelectedFieldsOrdered | undefined

  /** @param table give it if the query returns whole rows of this table, in the order of its columns */
  constructor(query: SQLWrapper, table?: PgTable) {
    const { sql: text, params } = dialect.sqlToQuery(query.getSQL())
    this.#text = text
    this.#fillers = params.map(fillerOf)
    this.#fields =
      table && Object.entries(getTableColumns(table)).map(([name, field]) => ({ path: [name], field }))
  }

  /** Binds the query to its values. @throws TypeError if a value is missing */
  with(values: Values): BoundQuery<Row[]> {
    const params = this.#fillers.map((fill) => fill(values))
    return BoundQuery.of((db) =>
      db._.session
        .prepareQuery<{ execute: Row[]; all: unknown; values: unknown }>(
          { sql: this.#text, params },
          this.#fields,
          'built',
          this.#fields !== undefined,
        )
        .execute(),
    )
  }

  /** Runs the query and returns all rows. @throws TypeError if a value is missing */
  async all(db: Db, values: Values): Promise<Row[]> {
    return this.with(values).run(db)
  }

  async first(db: Db, values: Values): Promise<Row | undefined> {
    const [row] = await this.all(db, values)
    return row
  }
}

type Step = (db: Db) => void

/**
 * One query with its values, and the function that reads its rows. Only `PreparedQuery` creates it, so it is always a single statement
 * and never sends further ones.
 */
export class BoundQuery<Answer> {
  readonly #send: (db: Db) => Promise<Answer>
  readonly #checks: readonly Step[]

  private constructor(send: (db: Db) => Promise<Answer>, checks: readonly Step[]) {
    this.#send = send
    this.#checks = checks
  }

  /** Only `PreparedQuery` may call this; a test checks that. */
  static of<Row>(send: (db: Db) => Promise<Row>): BoundQuery<Row> {
    return new BoundQuery(send, [])
  }

  /**
   * The same query with its result mapped by `read`, which must not send statements. `read` gets the result and the `Db` of the query.
   * @throws TypeError when the query is sent, if `read` returns a promise: it could send another statement
   */
  map<T>(read: (answer: Answer, db: Db) => T): BoundQuery<T> {
    const send = async (db: Db): Promise<T> => {
      const value = read(await this.#send(db), db)
      if (value instanceof Promise) throw new TypeError('the answer of a query is read at once')
      return value
    }
    return new BoundQuery(send, this.#checks)
  }

  /** The same query, sent only if `check` does not throw. `pipelined` runs the checks of all queries before it sends the first. */
  checking(check: Step): BoundQuery<Answer> {
    return new BoundQuery(this.#send, [...this.#checks, check])
  }

  /** Runs the checks. @throws the error of a check */
  check(db: Db): void {
    for (const check of this.#checks) check(db)
  }

  /** Checks and sends the query alone. */
  async run(db: Db): Promise<Answer> {
    this.check(db)
    return this.#send(db)
  }

  /** Sends the query without its checks, because `pipelined` has run them. */
  send(db: Db): Promise<Answer> {
    return this.#send(db)
  }
}

/** A query that returns whole rows of a table. */
export function rowsOf<Values extends Readonly<Record<string, unknown>>>() {
  return <T extends PgTable>(table: T, query: SQLWrapper): PreparedQuery<Values, InferSelectModel<T>> =>
    new PreparedQuery(query, table)
}

/** The columns of a table in order, for a `select` that returns whole rows. */
export function columnsOf(table: PgTable): SQL {
  const names = Object.values(getTableColumns(table)).map((column) => sql.identifier(column.name))
  return sql.join(names, sql`, `)
}

/** Every column except generated ones. */
type Given<T extends PgTable> = Required<InferInsertModel<T>>

/** Inserts a whole row with a value for every column; returns nothing. Not for tables whose ids the database generates. */
export function insertOf<T extends PgTable>(table: T): PreparedQuery<Given<T>, never> {
  return new PreparedQuery(insertion(table))
}

/** As `insertOf`, but does nothing if the row exists. Returns a row only if it inserted one. */
export function insertNewOf<T extends PgTable>(table: T): PreparedQuery<Given<T>, { inserted: true }> {
  return new PreparedQuery(sql`${insertion(table)} on conflict do nothing returning true as inserted`)
}

/** Overwrites every column of the row with this `id`; returns nothing. Only for a row that the transaction has locked. */
export function updateOf<T extends PgTable>(table: T): PreparedQuery<Given<T>, never> {
  const set = Object.entries(getTableColumns(table))
    .filter(([name, column]) => name !== 'id' && column.generated === undefined)
    .map(([name, column]) => sql`${sql.identifier(column.name)} = ${sql.param(given(name), column)}`)
  return new PreparedQuery(sql`update ${table} set ${sql.join(set, sql`, `)} where id = ${given('id')}`)
}

function insertion(table: PgTable): SQL {
  const columns = Object.entries(getTableColumns(table)).filter(
    ([, column]) => column.generated === undefined,
  )
  const names = columns.map(([, column]) => sql.identifier(column.name))
  const values = columns.map(([name, column]) => sql.param(given(name), column))
  return sql`insert into ${table} (${sql.join(names, sql`, `)}) values (${sql.join(values, sql`, `)})`
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

/** Refuses a missing value, because one that reaches the driver blocks its connection permanently. */
function givenValue(values: Readonly<Record<string, unknown>>, name: string): unknown {
  const value = values[name]
  if (value === undefined) throw new TypeError(`the query was not given "${name}"`)
  return value
}
