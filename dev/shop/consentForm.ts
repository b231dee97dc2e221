/**
 * The words of the sign-up form, and what each box grants. They are what a visitor agrees to, so they go into the ledger as
 * they stand on the page: whoever changes one raises the version.
 */

export interface ConsentBox {
  /** Name of the form field. */
  readonly field: string
  readonly name: string
  readonly wording: string
  readonly grant: { readonly purpose: string; readonly topic?: string }
}

export const formVersion = '1'

export const introduction =
  'I want Northpath Outfitters to send me, to the address above, what I tick here. A link in every e-mail lets me change my mind at any time.'

export const boxes: readonly ConsentBox[] = [
  {
    field: 'newsletter',
    name: 'Newsletter',
    wording: 'New gear and stories from the trail, about once a month.',
    grant: { purpose: 'marketing', topic: 'newsletter' },
  },
  {
    field: 'promotions',
    name: 'Reminders and offers',
    wording: 'A reminder when I leave something in my cart, and offers now and then.',
    grant: { purpose: 'marketing', topic: 'promotions' },
  },
  {
    field: 'statistics',
    name: 'Statistics',
    wording: 'You may see whether I open your e-mails and which links I follow.',
    grant: { purpose: 'statistics' },
  },
]

/** All the visitor read, ticked or not; what was ticked are the grants. */
export const notice = {
  id: 'shop-sign-up',
  version: formVersion,
  language: 'en',
  wording: [introduction, ...boxes.map(({ name, wording }) => `${name}: ${wording}`)].join('\n'),
}
