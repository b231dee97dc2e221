/**
 * The texts of the sign-up form, and what each box grants. A visitor agrees to these texts, so the ledger records them exactly
 * as the page shows them. Raise the version with every change.
 */

export interface ConsentBox {
  /** Name of the form field. */
  readonly field: string
  /** Same name as the purpose or topic that it grants, so that the evidence shows the name the person saw. */
  readonly name: string
  /** Same text as its description. */
  readonly wording: string
  readonly grant: { readonly purpose: string; readonly topic?: string }
}

export const formVersion = '3'

export const introduction =
  'I want Northpath Outfitters to send me what I tick here, to the address above. Every e-mail contains a link with which I can change my mind at any time.'

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

/** Everything the visitor read, ticked or not. The grants are what was ticked. */
export const notice = {
  id: 'shop-sign-up',
  version: formVersion,
  language: 'en',
  wording: [introduction, ...boxes.map(({ name, wording }) => `${name}: ${wording}`)].join('\n'),
}
