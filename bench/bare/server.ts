/**
 * The comparison for the check: an Express route that selects one row by its primary key and answers it as JSON. Once as
 * a plain GET, once as a POST that reads the id from a JSON body as the check reads its question. Settings: DATABASE_URL.
 */
import express from 'express'
import postgres from 'postgres'
import { z } from 'zod'

const { DATABASE_URL } = z.object({ DATABASE_URL: z.string() }).parse(process.env)

const sql = postgres(DATABASE_URL, { max: 10 })
const app = express()
app.get('/points/:id', async (request, response) => {
  const [row] = await sql`select * from contact_points where id = ${request.params.id}`
  response.json(row)
})
app.post('/points', express.json(), async (request, response) => {
  const body: { id: string } = request.body
  const [row] = await sql`select * from contact_points where id = ${body.id}`
  response.json(row)
})
const server = app.listen(0, '127.0.0.1', () => {
  const address = server.address()
  if (address !== null && typeof address === 'object') process.send?.({ ready: true, port: address.port })
})
const stop = () => process.exit()
process.once('SIGTERM', stop)
process.once('disconnect', stop)
