/** `npm run migrate`: applies the migrations as the owner, and grants the processes' user its rights. */
import { migrate } from './db/migrate.ts'
import { userOf } from './db/restricted.ts'

const { MIGRATION_DATABASE_URL: owner, DATABASE_URL: url } = process.env
if (owner === undefined || owner === '') {
  process.stderr.write(
    'Set MIGRATION_DATABASE_URL to the database address of the user that owns the database.\n',
  )
  process.exit(1)
}
const applied = await migrate(owner, url === undefined || url === '' ? undefined : userOf(url))
process.stdout.write(
  applied.length === 0 ? 'The schema is up to date.\n' : `Migrations applied: ${applied.join(', ')}.\n`,
)
