/** Tests of a message before it is sent: a preview, and a test send to the caller's own mailbox. */
import { and, eq } from 'drizzle-orm'
import { z } from 'zod'
import { testMailStates, testMails } from '../../db/schema/testMails.ts'
import { notFound, Refusal } from '../../domain/refusal.ts'
import {
  contactReferenceShape,
  idShape,
  keyShape,
  payloadShape,
  textShape,
} from '../../domain/shapes/primitives.ts'
import { previewMessage } from '../../transactions/definitions/previewMessage.ts'
import { requestTestMail, type TestMailRow } from '../../transactions/testMails/requestTestMail.ts'
import { contactCodes } from '../codes.ts'
import { findingShape } from '../findings.ts'
import { type Route, route } from '../routing.ts'
import { permits } from '../scopes.ts'

const byKey = z.object({ key: keyShape })

const values = {
  contact: contactReferenceShape
    .optional()
    .meta({ description: 'The contact whose values the templates use; without it, an invented one' }),
  payload: payloadShape.default({}).meta({ description: 'The value of `trigger` in the templates' }),
}

const previewRequest = z
  .strictObject(values)
  .meta({ id: 'PreviewRequest', description: 'The contact and payload with which a message is rendered' })

const previewAnswer = z
  .object({
    message: z.string(),
    version: z.number().int(),
    subject: z
      .string()
      .nullable()
      .meta({ description: 'Null, like the parts, if a template cannot be rendered' }),
    html: z.string().nullable(),
    text: z.string().nullable(),
    links: z
      .array(
        z.object({
          position: z.number().int(),
          id: z.string().meta({ description: 'Its name in waits and statistics' }),
          url: z.string(),
        }),
      )
      .meta({ description: 'The links of the mail, except those to pages of Assent' }),
    problems: z
      .array(findingShape)
      .meta({ description: 'An error would stop the mail; a warning would not' }),
    decision: z
      .object({ verdict: z.enum(['allow', 'block']), reason: z.string() })
      .nullable()
      .meta({ description: 'Whether it could be sent to the contact now; null without a contact' }),
  })
  .meta({ id: 'Preview', description: 'A message as one person would see it' })

const testRequest = z
  .strictObject({
    to: textShape(320).meta({ description: 'A mailbox of your own', example: 'you@example.com' }),
    ...values,
  })
  .meta({
    id: 'TestMailRequest',
    description: 'The address of the test mail, and the values with which it is rendered',
  })

const testMailShape = z
  .object({
    id: idShape,
    message: z.string(),
    version: z.number().int(),
    to: z.string().meta({ description: 'Masked: the address is deleted once the mail is sent' }),
    state: z.enum(testMailStates).meta({
      description: '`queued`: not sent yet; `unknown`: the server may have it, but did not answer',
    }),
    reason: z.string().nullable(),
    providerAnswer: z
      .unknown()
      .meta({ description: 'What the mail server said; null if it has not answered' }),
    createdAt: z.string(),
    settledAt: z.string().nullable(),
  })
  .meta({ id: 'TestMail', description: 'One test send of a message' })

function viewOf(row: TestMailRow): z.infer<typeof testMailShape> {
  return {
    id: row.id,
    message: row.message,
    version: row.messageVersion,
    to: row.recipientMasked,
    state: row.state,
    reason: row.reason,
    providerAnswer: row.providerAnswer,
    createdAt: row.createdAt,
    settledAt: row.settledAt,
  }
}

export const messageTestRoutes: Route[] = [
  route({
    method: 'post',
    path: '/v1/messages/{key}/preview',
    operationId: 'previewMessage',
    refuses: ['message-not-found', ...contactCodes, 'message-too-costly', 'busy'],
    tag: 'Messages',
    summary: 'A message as a contact would see it',
    description:
      'Renders the newest version like a delivery, with the values of a contact (needs the scope `contacts` or `read`) and a payload. Sends nothing. Links to pages of Assent change nothing.',
    scopes: ['journeys', 'read'],
    params: byKey,
    body: previewRequest,
    reads: true,
    responses: { 200: { description: 'The rendered message', schema: previewAnswer } },
    handle: async ({ params, body, caller, deps, publicUrl }) => {
      const { contact = null, payload } = body
      if (contact !== null && !permits(caller, ['contacts', 'read'])) {
        throw new Refusal(
          'scope-missing',
          'A preview with the values of a contact needs a key with the scope contacts or read.',
        )
      }
      const preview = await previewMessage(deps, params.key, { contact, payload }, { publicUrl })
      const { message, rendered, sendable, links, problems, decision } = preview
      const shown = sendable ?? rendered
      return {
        status: 200,
        body: {
          message: message.key,
          version: message.version,
          subject: shown?.subject ?? null,
          html: shown?.html ?? null,
          text: shown?.text ?? null,
          links,
          problems,
          decision: decision === null ? null : { verdict: decision.verdict, reason: decision.reason },
        },
      }
    },
  }),
  route({
    method: 'post',
    path: '/v1/messages/{key}/test',
    operationId: 'sendTestMail',
    refuses: [
      'message-not-found',
      ...contactCodes,
      'message-not-sendable',
      'message-too-costly',
      'recipient-blocked',
      'too-many-test-mails',
      'no-mail-channel',
      'busy',
    ],
    tag: 'Messages',
    summary: 'Send a test of a message to a mailbox of your own',
    description:
      'Sends one real mail with `[Test]` in its subject and the header `X-Assent-Test`. It is not tracked, and its links change nothing. An address that Assent knows gets it only if the message itself could be sent to it now. At most 10 an hour to one mailbox.',
    scopes: ['admin'],
    params: byKey,
    body: testRequest,
    creates: true,
    responses: {
      202: {
        description: 'Queued; get it again to see what the mail server said',
        schema: testMailShape,
      },
    },
    handle: async ({ params, body, caller, deps, publicUrl }) => {
      const { to, contact = null, payload } = body
      const asked = { by: caller.id, publicUrl }
      const row = await requestTestMail(deps, params.key, { to, contact, payload }, asked)
      return { status: 202, body: viewOf(row) }
    },
  }),
  route({
    method: 'get',
    path: '/v1/messages/{key}/tests/{id}',
    operationId: 'getTestMail',
    refuses: ['test-mail-not-found'],
    tag: 'Messages',
    summary: 'The outcome of a test mail',
    scopes: ['admin'],
    params: z.object({ key: keyShape, id: idShape }),
    responses: { 200: { description: 'The test mail; kept for 30 days', schema: testMailShape } },
    handle: async ({ params, deps }) => {
      const [row] = await deps.db
        .select()
        .from(testMails)
        .where(and(eq(testMails.id, params.id), eq(testMails.message, params.key)))
      if (row === undefined) throw notFound('test-mail', params.id)
      return { status: 200, body: viewOf(row) }
    },
  }),
]
