/** Consents: record them, read present and past states, decide on a message, show evidence, verify the ledger. */
import { z } from 'zod'
import { findContactPoint } from '../../db/reads/contactPoint.ts'
import { readDecisionInput } from '../../db/reads/decisionInput.ts'
import { verifyContactPoint } from '../../db/reads/verifyLedger.ts'
import { decide } from '../../domain/consent/decide.ts'
import { explainDecision } from '../../domain/consent/reasons.ts'
import type { DecisionInput, View } from '../../domain/consent/types.ts'
import { type FieldError, Refusal } from '../../domain/refusal.ts'
import {
  type ConsentCheck,
  type ConsentStatement,
  consentCheckShape,
  consentShape,
  verifyShape,
} from '../../domain/shapes/consent.ts'
import { idShape } from '../../domain/shapes/primitives.ts'
import { evidencePage } from '../../pages/evidence.ts'
import { type Deps, requireChannel } from '../../transactions/deps.ts'
import { recordConsent } from '../../transactions/ledger/recordConsent.ts'
import { requestVerification } from '../../transactions/ledger/verification.ts'
import { readConsentStates } from '../../views/consentStates.ts'
import { readEvidencePack } from '../../views/evidence.ts'
import { readPastDecisionInput } from '../../views/pastDecision.ts'
import { looksBack } from '../../views/pastPoint.ts'
import { getVerification } from '../../views/verifications.ts'
import { addressCodes } from '../codes.ts'
import { type Answer, type Route, route } from '../routing.ts'
import { type Caller, permits } from '../scopes.ts'
import { addressBody, addressOf, addressQuery, viewBody, viewQuery } from './consentAddress.ts'
import {
  consentDecisionShape,
  consentStatesShape,
  evidencePackShape,
  recordedEventShape,
  requestedVerificationShape,
  verificationReportShape,
  verificationShape,
} from './consentAnswers.ts'

const tag = 'Consents'
const evidenceAnswer = {
  200: { description: 'Events, mails, wordings and a verification', schema: evidencePackShape, page: true },
}

export const consentRoutes: Route[] = [
  route({
    method: 'post',
    path: '/v1/consents',
    operationId: 'recordConsent',
    refuses: [
      'contact-point-erased',
      'withdrawals-only',
      ...addressCodes,
      'unknown-purpose',
      'unknown-topic',
      'no-consent-needed',
      'proof-missing',
      'opt-out-only',
      'reserved-source',
      'in-the-future',
      'evidence-key-unavailable',
    ],
    tag,
    summary: 'Record a consent or a withdrawal',
    description:
      'An opt-in needs `circumstances` and `notice`. An opt-out always takes effect; `flags` says what was missing. A key with the scope `withdrawals` can only record opt-outs that staff took.',
    scopes: ['consents', 'withdrawals'],
    body: consentShape,
    responses: { 201: { description: 'The event with its hash', schema: recordedEventShape } },
    creates: true,
    handle: async ({ body, caller, deps }) => {
      refuseBeyondWithdrawals(caller, body)
      const { event, contactPoint } = await recordConsent(deps, body, { caller: caller.id })
      const { id, seq, purpose, topic, state, occurredAt, recordedAt, flags, hash, previousHash } = event
      return {
        status: 201,
        body: {
          id,
          contactPoint: { id: contactPoint, channel: body.contactPoint.channel },
          seq,
          purpose,
          topic,
          state,
          occurredAt,
          recordedAt,
          flags,
          hash,
          previousHash,
        },
      }
    },
  }),
  route({
    method: 'get',
    path: '/v1/consents',
    operationId: 'getConsents',
    refuses: [...addressCodes],
    tag,
    summary: 'The consent states of an address for every purpose and topic, now or in the past',
    scopes: ['consents', 'read'],
    query: viewQuery,
    responses: {
      200: { description: 'Its states; of an unknown address, all are `none`', schema: consentStatesShape },
    },
    handle: async ({ query, deps }) => statesOf(deps, query, query, '/query'),
  }),
  route({
    method: 'post',
    path: '/v1/consents/lookup',
    operationId: 'lookUpConsents',
    refuses: [...addressCodes],
    tag,
    summary: 'The consent states of an address for every purpose and topic, now or in the past',
    description: 'Like `GET /v1/consents`, but keeps addresses out of URLs and proxy logs.',
    scopes: ['consents', 'read'],
    body: viewBody,
    reads: true,
    responses: {
      200: { description: 'Its states; of an unknown address, all are `none`', schema: consentStatesShape },
    },
    handle: async ({ body, deps }) => statesOf(deps, body.contactPoint, body, '/contactPoint'),
  }),
  route({
    method: 'post',
    path: '/v1/consents/check',
    operationId: 'checkConsent',
    refuses: [...addressCodes],
    tag,
    summary: 'May this message leave? The decision, explained',
    description:
      'A forecast: each delivery decides again when it leaves. An unknown purpose, topic or address gives a verdict, not an error.',
    scopes: ['consents', 'journeys', 'read'],
    body: consentCheckShape,
    reads: true,
    responses: { 200: { description: 'The decision with its inputs', schema: consentDecisionShape } },
    handle: async ({ body, deps }) => ({ status: 200, body: explained(await inputOf(deps, body)) }),
  }),
  route({
    method: 'get',
    path: '/v1/consents/evidence',
    operationId: 'getEvidence',
    refuses: ['address-not-found', ...addressCodes],
    tag,
    summary: 'The evidence pack of an address',
    description:
      'With `Accept: text/html` it is a page to print. `POST /v1/consents/evidence/lookup` does the same without an address in the URL.',
    scopes: ['consents', 'read'],
    query: addressQuery,
    responses: evidenceAnswer,
    handle: async ({ query, deps, accepts }) => evidenceOf(deps, query, '/query', accepts('text/html')),
  }),
  route({
    method: 'post',
    path: '/v1/consents/evidence/lookup',
    operationId: 'lookUpEvidence',
    refuses: ['address-not-found', ...addressCodes],
    tag,
    summary: 'The evidence pack of an address',
    description: 'Like `GET /v1/consents/evidence`, but keeps addresses out of URLs and proxy logs.',
    scopes: ['consents', 'read'],
    body: addressBody,
    reads: true,
    responses: evidenceAnswer,
    handle: async ({ body, deps, accepts }) =>
      evidenceOf(deps, body.contactPoint, '/contactPoint', accepts('text/html')),
  }),
  route({
    method: 'post',
    path: '/v1/consents/verify',
    operationId: 'verifyLedger',
    refuses: ['address-not-found', ...addressCodes],
    tag,
    summary: 'Verify chains and derived states, of the whole ledger or of one contact point',
    description:
      'One contact point is verified immediately. The whole ledger is verified in the background; `GET /v1/consents/verifications/{id}` shows the progress and what it found. It covers the contact points that exist when it begins. Only one verification runs at a time; if one is already waiting to begin, the answer names that one.',
    scopes: ['consents', 'read'],
    body: verifyShape,
    reads: true,
    responses: {
      200: {
        description: 'Of one contact point: counts and the first break',
        schema: verificationReportShape,
      },
      202: { description: 'Of the whole ledger: it will begin soon', schema: requestedVerificationShape },
    },
    handle: async ({ body, deps }) => {
      const { contactPoint } = body
      if (contactPoint === undefined) return { status: 202, body: await requestVerification(deps) }
      requireChannel(deps, contactPoint.channel, '/contactPoint/channel')
      const address = addressOf(contactPoint, '/contactPoint/address')
      const id = await findContactPoint(deps.db, contactPoint.channel, address)
      if (id === null)
        throw new Refusal(
          'address-not-found',
          'Nothing is recorded about this address. Check channel and address.',
        )
      return { status: 200, body: await verifyContactPoint(deps.db, id) }
    },
  }),
  route({
    method: 'get',
    path: '/v1/consents/verifications/{id}',
    operationId: 'getLedgerVerification',
    refuses: ['verification-not-found'],
    tag,
    summary: 'Progress and results of a verification of the whole ledger',
    description: 'Kept for 400 days after its end.',
    scopes: ['consents', 'read'],
    params: z.object({ id: idShape }),
    responses: { 200: { description: 'Counts and the first break so far', schema: verificationShape } },
    handle: async ({ params, deps }) => ({ status: 200, body: await getVerification(deps.db, params.id) }),
  }),
]

type Point = { channel: string; address: string }

/** @param prefix pointer of channel and address in the request */
async function statesOf(deps: Deps, point: Point, view: View, prefix: string): Promise<Answer> {
  const { channel } = point
  requireChannel(deps, channel, `${prefix}/channel`)
  const address = addressOf(point, `${prefix}/address`)
  const { asOf, knownAt } = view
  const { id, states } = await readConsentStates(deps.db, channel, address, { asOf, knownAt })
  return { status: 200, body: { contactPoint: { channel, address, id }, states } }
}

async function evidenceOf(deps: Deps, point: Point, prefix: string, asPage: boolean): Promise<Answer> {
  requireChannel(deps, point.channel, `${prefix}/channel`)
  const address = addressOf(point, `${prefix}/address`)
  const pack = await readEvidencePack(deps.db, deps.dataKeys, point.channel, address)
  if (asPage) return { status: 200, text: { type: 'text/html', content: evidencePage(pack) } }
  return { status: 200, body: pack }
}

/** A key with the scope for withdrawals only, for staff at a counter or on the phone, cannot record opt-ins. */
function refuseBeyondWithdrawals(caller: Caller, statement: ConsentStatement): void {
  if (permits(caller, ['consents'])) return
  const errors: FieldError[] = []
  if (statement.state !== 'opted-out')
    errors.push({ pointer: '/state', code: 'withdrawals-only', message: 'Must be "opted-out" for this key.' })
  if (statement.source.kind !== 'staff') {
    errors.push({
      pointer: '/source/kind',
      code: 'withdrawals-only',
      message: 'Must be "staff" for this key.',
    })
  }
  if (errors.length > 0) {
    throw new Refusal(
      'withdrawals-only',
      'A key with the scope withdrawals records opt-outs taken by staff, and nothing else.',
      { errors },
    )
  }
}

function inputOf(deps: Deps, check: ConsentCheck): Promise<DecisionInput> {
  const { contactPoint, purpose, topic = null, asOf, knownAt } = check
  const { channel } = contactPoint
  const address = addressOf(contactPoint, '/contactPoint/address')
  const view = { asOf, knownAt }
  if (looksBack(view)) {
    return readPastDecisionInput(deps.db, { channel, address, purpose, topic }, deps.channels, view)
  }
  const intent = {
    contactPoint: { address },
    channel,
    purpose,
    topic,
    profile: null,
    messageAllowsTracking: true,
  }
  return readDecisionInput(deps.reads ?? deps.db, intent, deps.channels)
}

function explained(inputs: DecisionInput): object {
  return { ...explainDecision(decide(inputs)), inputs }
}
