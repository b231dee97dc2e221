/**
 * What is made once for the whole run, after the parts are up and before the first test: whatever is dear and the same for
 * all: a migrated template database, and the workflow bundle.
 */
import { writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { bundleWorkflowCode } from '@temporalio/worker'
import postgres from 'postgres'
import type { TestProject } from 'vitest/node'
import { migrate } from '../../db/migrate.ts'
import { transitions } from '../../domain/delivery/states.ts'
import { workflowInterceptorModules, workflowsPath } from '../../engine/workflowSources.ts'
import { runtimeUser } from '../harness/keys.ts'

/** The running parts, as tests get them by `inject`. */
export interface Parts {
  readonly postgres: string
  readonly temporal: { readonly address: string; readonly ui: string }
  readonly mailbox: { readonly smtp: string; readonly api: string }
}

declare module 'vitest' {
  export interface ProvidedContext {
    /** Name of the migrated database that test files copy. */
    template: string
    /** File with the workflow bundle. */
    bundle: string
    /** File to which tests write whatever they made up about a person, a line each: none of it may be in a history. */
    persons: string
  }
}

/** Hand results to tests by `project.provide(…)`. */
export async function prepare(project: TestProject, parts: Parts): Promise<void> {
  const [{ code }] = await Promise.all([
    bundleWorkflowCode({
      workflowsPath,
      workflowInterceptorModules,
      logger: quiet,
    }),
    makeTemplate(parts.postgres),
  ])
  const bundle = join(tmpdir(), `assent-workflows-${process.pid}.js`)
  writeFileSync(bundle, code)
  project.provide('bundle', bundle)
  writeFileSync(personsFile, '')
  project.provide('persons', personsFile)
  project.provide('template', template)
}

const template = 'assent_template'
export const personsFile = join(tmpdir(), `assent-persons-${process.pid}.txt`)

async function makeTemplate(admin: string): Promise<void> {
  const sql = postgres(admin, { max: 1 })
  await sql.unsafe(`create database ${template}`)
  await sql.unsafe(`create role ${runtimeUser.name} login password '${runtimeUser.password}'`)
  await sql.end()
  const url = new URL(admin)
  url.pathname = `/${template}`
  await migrate(url.href, runtimeUser.name)
  await guardTransitions(url.href)
}

/** In tests the database refuses a delivery a change of state that the table of transitions does not have, whoever asks for it. */
async function guardTransitions(url: string): Promise<void> {
  const sql = postgres(url, { max: 1, onnotice: () => {} })
  const pairs = Object.entries(transitions).flatMap(([from, tos]) => tos.map((to) => `${from} ${to}`))
  const allowed = pairs.map((pair) => `'${pair}'`).join(', ')
  await sql.unsafe(`
    create function test_transition() returns trigger language plpgsql as $$
    begin
      if old.state || ' ' || new.state not in (${allowed}) then
        raise exception 'a delivery goes from % to %', old.state, new.state;
      end if;
      return new;
    end $$;
    create trigger test_transition before update of state on deliveries
      for each row execute function test_transition()`)
  await sql.end()
}

const quiet = { log() {}, trace() {}, debug() {}, info() {}, warn: console.warn, error: console.error }
