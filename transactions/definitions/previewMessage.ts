/**
 * Previews a message for one person. The same function renders it as for a delivery, but nothing is sent. Our own links lead to a page that
 * changes nothing, so a preview can be shared.
 */
import type { ContactBinding } from '../../db/reads/bindings.ts'
import { readIntendedAndPerson } from '../../db/reads/intended.ts'
import { decide } from '../../domain/consent/decide.ts'
import type { Decision } from '../../domain/consent/types.ts'
import type { Problem } from '../../domain/journey/findings.ts'
import type { MailLink } from '../../domain/messages/links.ts'
import type { RenderedMessage } from '../../domain/messages/template.ts'
import { emptyVariables, variableWarnings } from '../../domain/messages/variables.ts'
import type { ContactReference } from '../../domain/shapes/primitives.ts'
import type { Profile } from '../../domain/shapes/profile.ts'
import { resolveContact, unknownContact } from '../contacts/resolveContact.ts'
import type { Deps } from '../deps.ts'
import { inThread } from '../inThread.ts'
import { readSources, readVariables, tooCostly } from './messageSources.ts'

export type PreviewRequest = {
  /** The contact to render for; null: a person without any known data. */
  contact: ContactReference | null
  /** What `trigger` means. */
  payload: Record<string, unknown>
}

export type Preview = {
  message: { key: string; version: number; purpose: string; topic: string | null }
  profile: { key: string; version: number; definition: Profile }
  /** The message as its author wrote it, rendered for this person; null if it cannot be rendered. */
  rendered: RenderedMessage | null
  /** The message as it would be sent without tracking; null if the problems contain an error. */
  sendable: RenderedMessage | null
  /** Without our own. */
  links: readonly MailLink[]
  /** Errors forbid sending it; warnings are worth a look. */
  problems: Problem[]
  /** Whether it might be sent to the contact now; null without one. */
  decision: Decision | null
}

/** Where our own links lead in what is no real delivery. */
export const testLinkPath = '/test-link'

/** A contact point that does not exist, to query the message only. */
const nobody = { contactPoint: '00000000-0000-0000-0000-000000000000' }

/**
 * @param address of whom it is rendered for, where no contact is named
 * @throws Refusal not-found for the message; invalid where the contact is not known, or it takes too long to render
 */
export async function previewMessage(
  deps: Deps,
  key: string,
  { contact, payload }: PreviewRequest,
  options: { publicUrl: string; address?: string },
): Promise<Preview> {
  const who = contact === null ? null : await resolveContact(deps.db, contact)
  if (contact !== null && who === null) throw unknownContact(contact)
  const to = who === null ? nobody : { contact: who }
  const { intended, person } = await readIntendedAndPerson(deps.db, to, key, deps.channels)
  const { message, profile } = intended
  const content = await deps.versions.message(deps.db, key, message.version)
  const definition = await deps.versions.profile(deps.db, profile.key, profile.version)
  const purposeKind = intended.input.purpose.known ? intended.input.purpose.kind : 'commercial'
  const link = (to: string) => new URL(`${testLinkPath}/${to}`, options.publicUrl).href
  const links = {
    unsubscribe: link('unsubscribe'),
    preferences: link('preferences'),
    ...(purposeKind === 'transactional' ? { confirm: link('confirm') } : {}),
  }
  const context = {
    contact: person.contact ?? strangerBinding(options.address ?? null),
    trigger: payload,
    profile: {
      name: definition.name,
      postalAddress: definition.postalAddress,
      sender: definition.sender,
      locale: definition.locale,
    },
    links,
  }
  const { subject, html, text } = content
  const made = await inThread(
    deps,
    'renderMail',
    `message:${key}`,
    [
      {
        templates: { subject, html, text },
        context,
        footer: { purposeKind, preferencesUrl: links.preferences, postalAddress: definition.postalAddress },
        tracking: null,
      },
    ],
    tooCostly,
  )
  const errors = made.problems.map((problem): Problem => ({ severity: 'error', ...problem }))
  const variables = await readVariables(deps, key, content)
  const unknown = variableWarnings(variables, await readSources(deps.db, key))
  return {
    message,
    profile: { ...profile, definition },
    rendered: made.plain,
    sendable: made.sent,
    links: made.links,
    problems: [...errors, ...unknown, ...emptyVariables(variables, context, unknown)],
    decision: who === null ? null : decide(intended.input),
  }
}

/** The contact in templates for a person of whom only an address is known. */
function strangerBinding(email: string | null): ContactBinding {
  return {
    externalId: null,
    kind: 'contact',
    account: null,
    attributes: {},
    postalAddress: null,
    locale: null,
    timeZone: null,
    email,
    phone: null,
    addresses: email === null ? {} : { email },
  }
}
