/** Every page in every state, to be looked at by tests: names in the pages are as long and as odd as people make them. */
import { noStanding } from '../../domain/consent/standing.ts'
import { type ConfirmView, confirmPage } from '../../pages/confirm.ts'
import type { Brand } from '../../pages/layout.ts'
import { type PreferencesOutcome, preferencesPage } from '../../pages/preferences.ts'
import { type Problem, problemPage } from '../../pages/problem.ts'
import { testLinkPage, testLinks } from '../../pages/testLink.ts'
import { type Language, languages } from '../../pages/texts/language.ts'
import { type UnsubscribeView, unsubscribePage } from '../../pages/unsubscribe.ts'
import { box, inByOwn, outByOwn } from '../domain/preferences/sampleBoxes.ts'

export const brand: Brand = {
  name: 'Bread & "Butter" <Ltd>',
  postalAddress: '1 Example Street\n1010 Exampletown',
}
export const address = 's***@e***.com'
export const grants = [
  { name: 'Newsletter', description: 'Once a month' },
  { name: 'Events <b>near</b> you', description: 'Invitations & more' },
]

export const groups = [
  {
    purpose: box('marketing', null, { name: 'Marketing' }),
    topics: [
      box('marketing', 'newsletter', { name: 'Newsletter', standing: inByOwn }),
      box('marketing', 'events', { name: 'Events', standing: outByOwn }),
      box('marketing', 'offers', { name: 'Offers', standing: { ...noStanding, pending: true } }),
    ],
  },
  {
    purpose: box('surveys', null, { name: 'Surveys', enforcement: 'non-restrictive', on: true }),
    topics: [],
  },
  {
    purpose: box('statistics', null, {
      name: 'Statistics',
      kind: 'tracking',
      standing: { ...inByOwn, expiresAt: '2026-11-01T00:00:00.000Z' },
      on: false,
    }),
    topics: [],
  },
]

const others = [
  { id: '01931111-1111-7111-8111-111111111111', channel: 'sms', address: '***45', groups },
  { id: '01932222-2222-7222-8222-222222222222', channel: 'push', address: 'd***', groups: [] },
]

const confirmStates: ConfirmView['state'][] = [
  'pending',
  'confirmed',
  'already-confirmed',
  'expired',
  'mail-sent',
  'withdrawn',
]
const unsubscribeStates: UnsubscribeView['state'][] = ['asked', 'unsubscribed', 'nothing-to-unsubscribe']
const outcomes: (PreferencesOutcome | null)[] = [
  null,
  'saved',
  'nothing-changed',
  'everything-off',
  'overtaken',
  'not-switched-on',
]
const problems: Problem[] = ['not-found', 'bad-request', 'too-large', 'not-possible', 'away', 'broken']

export function pagesIn(language: Language): { name: string; page: string }[] {
  const own = { language, brand, address }
  return [
    ...confirmStates.map((state) => ({
      name: `confirm ${state}`,
      page: confirmPage({ ...own, grants, state }),
    })),
    ...unsubscribeStates.map((state) => ({
      name: `unsubscribe ${state}`,
      page: unsubscribePage({
        ...own,
        name: 'Newsletter',
        topics: [],
        state,
        preferences: '/preferences/handle',
      }),
    })),
    {
      name: 'unsubscribe asked about a purpose',
      page: unsubscribePage({
        ...own,
        name: 'Marketing',
        topics: ['Newsletter', 'Events <b>near</b> you'],
        state: 'asked',
        preferences: '/preferences/handle',
      }),
    },
    ...outcomes.map((outcome) => ({
      name: `preferences ${outcome ?? 'shown'}`,
      page: preferencesPage({ ...own, seen: 3, groups, others, outcome }),
    })),
    {
      name: 'preferences of nothing',
      page: preferencesPage({ ...own, seen: 0, groups: [], others: [], outcome: null }),
    },
    ...testLinks.map((link) => ({ name: `test link ${link}`, page: testLinkPage(language, link) })),
    ...problems.map((problem) => ({ name: `problem ${problem}`, page: problemPage(language, problem) })),
  ]
}

export const everyPage = languages.flatMap((language) =>
  pagesIn(language).map(({ name, page }) => ({ language, name, page })),
)
