/**
 * Hot queries are compiled once: building the SQL costs more than Postgres needs to run it. Drizzle makes the text, from the schema
 * or as SQL, with `given('name')` where a value comes in. A value given for a column (`insertOf`, `.values()`) is encoded as the
 * column wants it. `with` binds a query to its values; several bound queries go out together with `pipelined`.
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

/** Builds queries, and is connected to nothing. */
export const build = drizzle.mock()

const dialect = new PgDialect()

/** Where a value comes in. */
export function given(name: string): Placeholder {
  return sql.placeholder(name)
}

/** Fills one parameter from what is given. */
type Filler = (values: Readonly<Record<string, unknown>>) => unknown

/** `Row` is the row that the text selects. As with every generic of a query, nothing checks it. */
export class PreparedQuery<Values extends Readonly<Record<string, unknown>>, Row> {
  readonly #text: string
  readonly #fillers: readonly Filler[]
  readonly #fields: SelectedFieldsOrdered | undefined

  /** @param table where the query answers whole rows of it, in the order of its columns */
  constructor(query: SQLWrapper, table?: PgTable) {
    const { sql: text, params } = dialect.sqlToQuery(query.getSQL())
    this.#text = text
    this.#fillers = params.map(fillerOf)
    this.#fields =
      table && Object.entries(getTableColumns(table)).map(([name, field]) => ({ path: [name], field }))
  }

  /** The query with its values, ready to be sent. @throws TypeError for a value that is missing */
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

  /** @throws TypeError for a value that is missing */
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
 * One query with its values, and how its rows are read. Only a `PreparedQuery` makes one, so it is a single statement and nothing
 * that goes on to others.
 */
export class BoundQuery<Answer> {
  readonly #send: (db: Db) => Promise<Answer>
  readonly #checks: readonly Step[]

  private constructor(send: (db: Db) => Promise<Answer>, checks: readonly Step[]) {
    this.#send = send
    this.#checks = checks
  }

  /** For `PreparedQuery` alone: a test looks that nothing else calls it. */
  static of<Row>(send: (db: Db) => Promise<Row>): BoundQuery<Row> {
    return new BoundQuery(send, [])
  }

  /**
   * The same query with its answer read by `read`, which sends nothing. It is given the answer, and where the query ran.
   * @throws TypeError, when it is sent, where `read` answers a promise: behind one another statement could hide
   */
  map<T>(read: (answer: Answer, db: Db) => T): BoundQuery<T> {
    const send = async (db: Db): Promise<T> => {
      const value = read(await this.#send(db), db)
      if (value instanceof Promise) throw new TypeError('the answer of a query is read at once')
      return value
    }
    return new BoundQuery(send, this.#checks)
  }

  /** The same query, sent only if `check` does not throw. Of queries sent together all are checked before the first is sent. */
  checking(check: Step): BoundQuery<Answer> {
    return new BoundQuery(this.#send, [...this.#checks, check])
  }

  /** @throws whatever its checks throw */
  check(db: Db): void {
    for (const check of this.#checks) check(db)
  }

  /** Sends it by itself. */
  async run(db: Db): Promise<Answer> {
    this.check(db)
    return this.#send(db)
  }

  /** Sends it without its checks: `pipelined` has made them. */
  send(db: Db): Promise<Answer> {
    return this.#send(db)
  }
}

/** A query that answers whole rows of a table. */
export function rowsOf<Values extends Readonly<Record<string, unknown>>>() {
  return <T extends PgTable>(table: T, query: SQLWrapper): PreparedQuery<Values, InferSelectModel<T>> =>
    new PreparedQuery(query, table)
}

/** The columns of a table in their order, for a `select` that answers whole rows. */
export function columnsOf(table: PgTable): SQL {
  const names = Object.values(getTableColumns(table)).map((column) => sql.identifier(column.name))
  return sql.join(names, sql`, `)
}

/** Every column but those that the database derives. */
type Given<T extends PgTable> = Required<InferInsertModel<T>>

/** Inserts a whole row, every column given; answers nothing. Not for tables that count their rows by themselves. */
export function insertOf<T extends PgTable>(table: T): PreparedQuery<Given<T>, never> {
  return new PreparedQuery(insertion(table))
}

/** As `insertOf`, where there is no such row yet; answers something only then. */
export function insertNewOf<T extends PgTable>(table: T): PreparedQuery<Given<T>, { inserted: true }> {
  return new PreparedQuery(sql`${insertion(table)} on conflict do nothing returning true as inserted`)
}

/** Writes a whole row anew, found by its `id`; answers nothing. For a row that is locked: it overwrites every column. */
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

/** A missing value that reaches the driver stops its connection for good. */
function givenValue(values: Readonly<Record<string, unknown>>, name: string): unknown {
  const value = values[name]
  if (value === undefined) throw new TypeError(`the query was not given "${name}"`)
  return value
}
