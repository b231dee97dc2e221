/** What the shop sells. */

export interface Product {
  readonly key: 'lantern' | 'mug' | 'socks'
  readonly name: string
  readonly about: string
  /** In euros. */
  readonly price: number
}

export const products: readonly Product[] = [
  { key: 'lantern', name: 'Ember storm lantern', about: 'Burns through a windy night.', price: 39 },
  { key: 'mug', name: 'Enamel mug', about: 'Chips, never breaks.', price: 14.5 },
  { key: 'socks', name: 'Merino hut socks', about: 'For the evening only.', price: 18 },
]

export function euros(value: number): string {
  return `€${value.toFixed(2)}`
}

export function sum(chosen: readonly Product[]): number {
  return chosen.reduce((total, { price }) => total + price, 0)
}
