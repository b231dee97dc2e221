/**
 * A request for every operation, in an order in which they work one after the other on the data of `examples/`. The API
 * reference shows them in curl and TypeScript, and a test runs both. `$RUN` and the like are values that an earlier
 * answer gave.
 */
export type Example = {
  /** The operation's id. */
  operation: string
  params?: Readonly<Record<string, string>>
  query?: Readonly<Record<string, string>>
  /** JSON, or the lines of an NDJSON body as they are sent. */
  body?: unknown
  /** Status, where it is no success. */
  answers?: number
  /** What later examples use of the answer: name → place in it, such as `items.0.id`. */
  keeps?: Readonly<Record<string, string>>
}

const contact = { externalId: 'c-1001' }
const contactPoint = { channel: 'email', address: 'robin@example.com' }

export const examples: readonly Example[] = [
  {
    operation: 'putProfile',
    params: { key: 'second-brand' },
    body: {
      name: 'Southpath',
      sender: { name: 'Southpath', email: 'hello@example.com' },
      postalAddress: 'Southpath, 14 Example Lane, Sampleton EX1 2AB',
      trackingPurpose: 'statistics',
      doubleOptIn: { message: 'confirm-newsletter', expiresAfter: '28 days', remindAfter: '3 days' },
    },
  },
  { operation: 'getProfile', params: { key: 'default' } },
  { operation: 'listProfiles', query: { limit: '20' } },
  { operation: 'listProfileVersions', params: { key: 'default' } },
  { operation: 'getProfileVersion', params: { key: 'default', version: '1' } },
  { operation: 'deleteProfile', params: { key: 'second-brand' } },
  {
    operation: 'putPurpose',
    params: { key: 'surveys' },
    body: {
      name: 'Surveys',
      description: 'Short questions about what you bought, now and then.',
      kind: 'commercial',
      topics: [{ key: 'products', name: 'Products', description: 'What you think of our gear.' }],
    },
  },
  { operation: 'getPurpose', params: { key: 'marketing' } },
  { operation: 'listPurposes', query: { limit: '20' } },
  { operation: 'listPurposeVersions', params: { key: 'marketing' } },
  { operation: 'getPurposeVersion', params: { key: 'marketing', version: '1' } },
  { operation: 'deletePurpose', params: { key: 'surveys' } },
  {
    operation: 'putMessage',
    params: { key: 'workshop-thanks' },
    body: {
      channel: 'email',
      purpose: 'marketing',
      topic: 'events',
      subject: 'Thank you for coming',
      text: 'The next workshops: https://www.example.com/workshops\n\nYour choices: {{ links.preferences }}\n{{ profile.postalAddress }}',
    },
  },
  { operation: 'getMessage', params: { key: 'welcome' } },
  { operation: 'listMessages', query: { limit: '20' } },
  { operation: 'listMessageVersions', params: { key: 'welcome' } },
  { operation: 'getMessageVersion', params: { key: 'welcome', version: '1' } },
  { operation: 'deleteMessage', params: { key: 'workshop-thanks' } },
  {
    operation: 'previewMessage',
    params: { key: 'cart-reminder' },
    body: {
      payload: { cart: 'a-17', value: 49.5, total: '€49.50', items: [{ name: 'Tent', price: '€49.50' }] },
    },
  },
  {
    operation: 'sendTestMail',
    params: { key: 'cart-reminder' },
    body: { to: 'you@example.com', payload: { cart: 'a-17', value: 49.5, total: '€49.50', items: [] } },
    keeps: { TEST: 'id' },
  },
  { operation: 'getTestMail', params: { key: 'cart-reminder', id: '$TEST' } },
  {
    operation: 'putTriggerDefinition',
    params: { name: 'survey.answered' },
    body: {
      description: 'Somebody answered a survey',
      schema: {
        type: 'object',
        required: ['score'],
        properties: { score: { type: 'integer', minimum: 0, maximum: 10 } },
      },
    },
  },
  { operation: 'getTriggerDefinition', params: { name: 'cart.abandoned' } },
  { operation: 'listTriggerDefinitions', query: { limit: '20' } },
  { operation: 'deleteTriggerDefinition', params: { name: 'survey.answered' } },
  {
    operation: 'putContact',
    params: { externalId: 'c-1001' },
    body: {
      email: 'robin@example.com',
      phone: '+441632960123',
      locale: 'en',
      timeZone: 'Europe/London',
      attributes: { firstName: 'Robin' },
    },
  },
  {
    operation: 'patchContact',
    params: { externalId: 'c-1001' },
    body: { attributes: { plan: 'gold' } },
  },
  { operation: 'getContact', params: { externalId: 'c-1001' } },
  { operation: 'listContacts', query: { limit: '20' } },
  { operation: 'lookUpContacts', body: { email: 'robin@example.com' } },
  {
    operation: 'recordConsent',
    body: {
      contactPoint,
      purpose: 'marketing',
      topic: 'newsletter',
      state: 'opted-in',
      source: { kind: 'staff', via: 'branch' },
      circumstances: 'Ticked the newsletter box of the sign-up sheet at the counter',
      notice: { id: 'counter-sheet', version: '3', language: 'en', wording: 'Yes, send me the newsletter.' },
    },
  },
  { operation: 'getConsents', query: contactPoint },
  { operation: 'lookUpConsents', body: { contactPoint } },
  { operation: 'checkConsent', body: { contactPoint, purpose: 'marketing', topic: 'newsletter' } },
  { operation: 'getEvidence', query: contactPoint },
  { operation: 'lookUpEvidence', body: { contactPoint } },
  { operation: 'verifyLedger', body: {}, keeps: { VERIFICATION: 'id' } },
  { operation: 'getLedgerVerification', params: { id: '$VERIFICATION' } },
  {
    operation: 'requestDoubleOptIn',
    body: {
      contactPoint: { channel: 'email', address: 'sam@example.com' },
      grants: [{ purpose: 'marketing', topic: 'newsletter' }],
      circumstances: 'Filled in the sign-up form of the home page',
      notice: { id: 'sign-up', version: '1', language: 'en', wording: 'Send me the newsletter.' },
    },
    keeps: { DOUBLE_OPT_IN: 'id' },
  },
  { operation: 'getDoubleOptIn', params: { id: '$DOUBLE_OPT_IN' } },
  { operation: 'listSuppressions', query: { limit: '20' } },
  { operation: 'lookUpSuppressions', body: { contactPoint } },
  {
    operation: 'putJourney',
    params: { key: 'after-a-survey' },
    body: {
      name: 'After a survey',
      entry: { trigger: 'order.placed', where: 'trigger.value >= 100.0' },
      steps: [
        { id: 'pause', type: 'wait', for: '3 days' },
        { id: 'thanks', type: 'send', message: 'welcome' },
      ],
    },
  },
  { operation: 'getJourney', params: { key: 'abandoned-cart' } },
  { operation: 'listJourneys', query: { limit: '20' } },
  { operation: 'deleteJourney', params: { key: 'after-a-survey' } },
  { operation: 'publishJourney', params: { key: 'abandoned-cart' } },
  { operation: 'getJourneyDiagram', params: { key: 'abandoned-cart' } },
  { operation: 'listJourneyVersions', params: { key: 'abandoned-cart' } },
  { operation: 'getJourneyVersion', params: { key: 'abandoned-cart', version: '1' } },
  {
    operation: 'startRun',
    params: { key: 'order-confirmation' },
    body: {
      contact,
      payload: { order: 'N-1001', cart: 'cart-1', value: 59, items: [{ name: 'Ember storm lantern' }] },
    },
    keeps: { RUN: 'id' },
  },
  {
    operation: 'takeTrigger',
    params: { name: 'cart.abandoned' },
    body: {
      id: 'cart-2',
      contact,
      payload: { cart: 'cart-2', value: 59, items: [{ name: 'Ember storm lantern' }] },
    },
  },
  {
    operation: 'takeTriggers',
    body: [
      { name: 'cart.abandoned', id: 'cart-3', contact, payload: { cart: 'cart-3', value: 12 } },
      {
        name: 'order.placed',
        id: 'order-1002',
        contact,
        payload: { order: 'N-1002', cart: 'cart-3', value: 12 },
      },
    ]
      .map((line) => JSON.stringify(line))
      .join('\n'),
  },
  { operation: 'getRun', params: { id: '$RUN' } },
  { operation: 'listRuns', query: { journey: 'order-confirmation', contact: 'c-1001' } },
  { operation: 'listDeliveries', query: { contact: 'c-1001' }, keeps: { DELIVERY: 'items.0.id' } },
  { operation: 'getDelivery', params: { id: '$DELIVERY' } },
  // This delivery is neither held nor unknown, so the call is refused.
  { operation: 'retryDelivery', params: { id: '$DELIVERY' }, answers: 409 },
  {
    operation: 'settleDelivery',
    params: { id: '$DELIVERY' },
    body: { state: 'sent', reason: 'The mail server logged it as delivered' },
    answers: 409,
  },
  { operation: 'retryRun', params: { id: '$RUN' } },
  { operation: 'cancelRun', params: { id: '$RUN' } },
  { operation: 'listOutbox', query: { state: 'parked' } },
  // No row is parked while Temporal can be reached.
  { operation: 'retryOutboxRow', params: { id: '4711' }, answers: 404 },
  { operation: 'dropOutboxRow', params: { id: '4711' }, answers: 404 },
  {
    operation: 'createKey',
    body: { name: 'Web shop', scopes: ['contacts', 'triggers'] },
    keeps: { KEY_ID: 'id' },
  },
  { operation: 'listKeys' },
  { operation: 'revokeKey', params: { id: '$KEY_ID' } },
]

/** The example of an operation; undefined for an operation without an example, which a test reports. */
export function exampleOf(operation: string): Example | undefined {
  return examples.find((one) => one.operation === operation)
}
