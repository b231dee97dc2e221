/** One mail's content for both sides, so that they carry about as many bytes. */

const paragraph = 'Something was left behind, and it would be a pity about it. '.repeat(20)

export function htmlOf(title: string, preferences: string, postalAddress: string): string {
  return `<html><body><h1>${title}</h1><p>${paragraph}</p>
<p><a href="https://www.example.com/checkout" data-link="checkout">Have a look</a></p>
<p><a href="${preferences}">Preferences</a><br>${postalAddress}</p></body></html>`
}

export function textOf(title: string, preferences: string, postalAddress: string): string {
  return `${title}\n\n${paragraph}\n\nhttps://www.example.com/checkout\n\nPreferences: ${preferences}\n${postalAddress}\n`
}
