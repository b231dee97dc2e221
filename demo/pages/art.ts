/** The shop's drawings, as inline SVG. All are decoration: the text beside them says the same. */
import { Html } from '../html.ts'
import type { Product } from '../products.ts'

export const logo = new Html(
  '<svg class="logo" viewBox="0 0 32 32" aria-hidden="true"><path d="M2 27 12.5 8l5 9 3-5L30 27Z" fill="currentColor"/><path d="m12.5 8 3.4 6.1-2.1 1.5-1.6-1.4-1.9 1.2-1-.9Z" fill="#e9b872"/></svg>',
)

/** Ridges behind one another in the evening, a tent with its lantern lit. */
export const ridges = new Html(
  `<svg class="ridges" viewBox="0 0 1200 420" preserveAspectRatio="xMidYMax slice" aria-hidden="true">
<defs><linearGradient id="sky" x1="0" y1="0" x2="0" y2="1"><stop offset="0" stop-color="#35584c"/><stop offset=".55" stop-color="#8f9c78"/><stop offset="1" stop-color="#f0c988"/></linearGradient></defs>
<path fill="url(#sky)" d="M0 0h1200v420H0z"/>
<circle cx="905" cy="206" r="44" fill="#fbe7bd"/>
<path fill="#7d9180" d="M0 282 96 232l70 34 118-92 86 66 62-34 104 76 92-88 96 74 70-44 112 80 98-66 92 52 104-30v160H0Z"/>
<path fill="#56776a" d="m0 322 84-34 88 30 124-78 104 84 88-40 102 52 134-92 118 84 96-44 116 60 146-46v122H0Z"/>
<path fill="#345a4c" d="m0 356 120-42 110 40 130-52 128 58 140-46 122 50 146-66 120 60 184-40v102H0Z"/>
<path fill="#1f4438" d="M0 384c150-26 300-20 460-8s330 14 470-4c100-12 190-16 270-8v56H0Z"/>
<path fill="#e9b872" d="m770 374 34-50 36 50Z"/><path fill="#b4531f" d="m804 324 36 50h-24Z"/><path fill="#fff3d1" d="m797 374 7-24 7 24Z"/>
<path fill="#17352b" d="m92 392 18-66 18 66Zm34 0 13-46 13 46Zm852 2 20-80 20 80Zm38 0 14-52 14 52Zm-82 0 11-38 11 38Z"/>
</svg>`,
)

const drawings: Readonly<Record<Product['key'], string>> = {
  lantern:
    '<path d="M24 16c0-6 3-10 8-10s8 4 8 10" fill="none" stroke="#1f4438" stroke-width="2.5"/><path d="M23 17h18l2 5H21Z" fill="#1f4438"/><path d="M22 24h20l-2 24H24Z" fill="#fbe7bd" stroke="#1f4438" stroke-width="2"/><path d="M32 29c4 5 5 8 5 11a5 5 0 0 1-10 0c0-3 1-6 5-11Z" fill="#b4531f"/><path d="M32 36c2 2 2.5 3.5 2.5 5a2.5 2.5 0 0 1-5 0c0-1.5.5-3 2.5-5Z" fill="#e9b872"/><path d="M21 50h22l2 7H19Z" fill="#1f4438"/>',
  mug: '<path d="M26 6c-3 4 3 6 0 10m9-10c-3 4 3 6 0 10" fill="none" stroke="#8f9c78" stroke-width="2.5" stroke-linecap="round"/><path d="M44 28h5a7 7 0 0 1 0 19h-6" fill="none" stroke="#1f4438" stroke-width="4"/><path d="M13 22h32l-2 33a4 4 0 0 1-4 3H19a4 4 0 0 1-4-3Z" fill="#2c6a56"/><path d="M12 20h34v5H12Z" fill="#1f4438"/><path d="m19 47 6-10 4 6 3-4 7 8Z" fill="#f5f1e8"/>',
  socks:
    '<path d="M34 8h16v27c0 5-2 8-6 10l-9 6c-7 4-13-4-8-9l7-8Z" fill="#8f9c78"/><path d="M18 8h16v27c0 5-2 8-6 10l-9 8c-7 5-14-4-9-10l8-8Z" fill="#b4531f"/><path d="M18 8h16v8H18Zm0 12h16v3H18Z" fill="#f0c988"/><path d="M36 8h14v8H36Z" fill="#e3dcc9"/><path d="M10 45c3 1 7 5 8 9a6.300 6.300 0 0 1-8-9Z" fill="#f0c988"/>',
}

export function drawing(key: Product['key']): Html {
  return new Html(`<svg class="drawing" viewBox="0 0 64 64" aria-hidden="true">${drawings[key]}</svg>`)
}
