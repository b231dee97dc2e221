/**
 * The jobs that run in a thread of their own: work on untrusted input that may need much time or memory. Each is a pure
 * function of plain data. A job is added to this table and nowhere else.
 */
import { checkMessage } from '../domain/messages/check.ts'
import { linkNames } from '../domain/messages/links.ts'
import { renderMail } from '../domain/messages/renderMail.ts'
import { variablesRead } from '../domain/messages/variables.ts'
import { payloadProblems, schemaProblem } from '../domain/triggers/payloadSchema.ts'

const jobs = { renderMail, checkMessage, linkNames, variablesRead, schemaProblem, payloadProblems }

export type JobName = keyof typeof jobs
export type JobInput<Name extends JobName> = Parameters<(typeof jobs)[Name]>
export type JobOutput<Name extends JobName> = ReturnType<(typeof jobs)[Name]>

const table: { [Name in JobName]: (...input: JobInput<Name>) => JobOutput<Name> } = jobs

/** Does a job here and now. */
export function perform<Name extends JobName>(name: Name, input: JobInput<Name>): JobOutput<Name> {
  return table[name](...input)
}
