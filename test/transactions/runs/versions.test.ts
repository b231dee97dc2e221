/** Runs stay on the version they began with; messages and profiles are taken as they are when the message leaves. */
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type Assent, startAssent } from '../../harness/assent.ts'
import { takenShape } from '../../harness/client.ts'
import { commercial, optIn, type Person, putBrand, putPerson, startRunOf } from '../../harness/fixtures.ts'
import { mailsArrived } from '../../harness/mailbox.ts'

let assent: Assent
beforeAll(async () => {
  assent = await startAssent()
  await putBrand(assent.api)
})
afterAll(() => assent.stop())

async function optedIn(): Promise<Person> {
  const person = await putPerson(assent.api)
  await optIn(assent.api, person.email, 'marketing', 'newsletter')
  return person
}

const order = (person: Person) =>
  assent.api.ok(
    'POST',
    '/v1/triggers/order.placed',
    { contact: { externalId: person.externalId } },
    takenShape,
  )

it('a run under way keeps its version, and the next one takes the new one', async () => {
  const publishWith = async (message: string) => {
    await assent.api.put('/v1/journeys/versions', {
      name: 'Versions',
      steps: [
        {
          id: 'ordered',
          type: 'waitFor',
          timeout: '1 day',
          events: [{ trigger: 'order.placed', steps: [{ id: 'one', type: 'send', message }] }],
        },
      ],
    })
    await assent.api.call('POST', '/v1/journeys/versions/publish')
  }
  await publishWith('first')
  const early = await optedIn()
  const before = await startRunOf(assent.api, 'versions', early)
  await assent.runWaits(before, 'ordered')
  await publishWith('second')
  const late = await optedIn()
  const after = await startRunOf(assent.api, 'versions', late)
  await assent.runWaits(after, 'ordered')
  await order(early)
  await order(late)
  await assent.runEnded(before)
  await assent.runEnded(after)
  const subject = async (person: Person) => (await mailsArrived(person.email, 1))[0]?.subject
  expect([await subject(early), await subject(late)]).toEqual(['First for you', 'Second for you'])
})

it('a message and its profile that are changed between two sends leave as they are then', async () => {
  const profile = (name: string) =>
    assent.api.put('/v1/profiles/changing', {
      name,
      sender: { name, email: 'hello@example.com' },
      postalAddress: '1 Example Street, 1010 Exampletown',
    })
  const message = (text: string) =>
    assent.api.put('/v1/messages/changing', commercial(text, { profile: 'changing' }))
  await profile('Before')
  await message('Early')
  await assent.api.put('/v1/journeys/changing', {
    name: 'Changing',
    profile: 'changing',
    steps: [
      { id: 'one', type: 'send', message: 'changing' },
      { id: 'ordered', type: 'waitFor', timeout: '1 day', events: [{ trigger: 'order.placed', steps: [] }] },
      { id: 'two', type: 'send', message: 'changing' },
    ],
  })
  await assent.api.call('POST', '/v1/journeys/changing/publish')
  const person = await optedIn()
  const run = await startRunOf(assent.api, 'changing', person)
  await assent.runWaits(run, 'ordered')
  await profile('After')
  await message('Late')
  await order(person)
  await assent.runEnded(run)
  const mails = await mailsArrived(person.email, 2)
  expect(mails.map((mail) => [mail.from?.name, mail.subject])).toEqual([
    ['Before', 'Early for you'],
    ['After', 'Late for you'],
  ])
})
