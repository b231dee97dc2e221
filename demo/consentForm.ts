/**
 * The words of the sign-up form, and what each box grants. They are what a visitor agrees to, so they go into the ledger as
 * they stand on the page: whoever changes one raises the version.
 */

export interface ConsentBox {
  /** Name of the form field. */
  readonly field: string
  /** As the purpose or topic is called that it grants: what the person agreed to keeps its name, up to the evidence. */
  readonly name: string
  /** As its description. */
  readonly wording: string
  readonly grant: { readonly purpose: string; readonly topic?: string }
}

export const formVersion = '2'

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
    wording: 'A reminder when you leave something in your cart, and offers now and then.',
    grant: { purpose: 'marketing', topic: 'promotions' },
  },
  {
    field: 'statistics',
    name: 'Opens and clicks',
    wording:
      'We see whether you open our e-mails and which links you follow, so that we write less of what nobody reads. Without it we see neither.',
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
