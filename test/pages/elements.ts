/** The elements of a page as a parser sees them, for tests that ask what is really there. */
import { type DefaultTreeAdapterTypes, parse } from 'parse5'

export type Element = DefaultTreeAdapterTypes.Element
type Node = DefaultTreeAdapterTypes.Node

export function elementsOf(page: string): Element[] {
  return below(parse(page))
}

function below(node: Node): Element[] {
  const children = 'childNodes' in node ? node.childNodes : []
  const own = 'tagName' in node ? [node] : []
  return [...own, ...children.flatMap(below)]
}

export function attribute(element: Element, name: string): string | null {
  return element.attrs.find((one) => one.name === name)?.value ?? null
}

export function textOf(node: Node): string {
  if ('value' in node) return node.value
  return 'childNodes' in node ? node.childNodes.map(textOf).join('') : ''
}

export function all(page: string, tag: string): Element[] {
  return elementsOf(page).filter((element) => element.tagName === tag)
}
