/** The preference centre of one contact point: a form of boxes that stand alone, and a button for nothing at all. */
import type { Box, BoxGroup } from '../domain/preferences/boxes.ts'
import { type Html, html } from './html.ts'
import { type Brand, ownForm, page, paragraph, said } from './layout.ts'
import { boxField, everythingAction, saveAction, shownField, shownValue } from './preferenceFields.ts'
import { type Language, longDate } from './texts/language.ts'
import { type Texts, textsIn, textsVersion } from './texts/texts.ts'

export type PreferencesView = {
  language: Language
  brand: Brand
  /** Masked. */
  address: string
  /** Place in the chain up to which this page has seen. */
  seen: number
  groups: readonly BoxGroup[]
  /** Other contact points of the same person. */
  others: readonly { id: string; channel: string; address: string; groups: readonly BoxGroup[] }[]
  outcome: PreferencesOutcome | null
}

/** What was just done. */
export type PreferencesOutcome =
  | 'saved'
  | 'nothing-changed'
  | 'everything-off'
  | 'overtaken'
  /** What was switched off is off; nothing could be switched on. */
  | 'not-switched-on'

export function preferencesPage(view: PreferencesView): string {
  const { language, brand, outcome } = view
  const texts = textsIn(language).preferences
  const content = html`<h1>${texts.title}</h1>
${outcome === null ? null : outcomeOf(texts, outcome)}
${paragraph(texts.lead(brand.name, view.address))}
${ownForm(
  language,
  html`<input type="hidden" name="seen" value="${view.seen}">
${ownBoxes(view)}
${view.others.length === 0 ? null : otherPoints(view)}
<p class="save"><button type="submit" name="action" value="${saveAction}">${texts.saveButton}</button></p>
<section class="section" aria-labelledby="nothing">
<h2 id="nothing">${texts.everythingTitle}</h2>
<p id="nothing-means">${texts.everythingLead}</p>
<button class="second" type="submit" name="action" value="${everythingAction}" aria-describedby="nothing-means">${texts.everythingButton}</button>
</section>`,
)}`
  return page({ language, brand, title: texts.title, content })
}

function outcomeOf(texts: Texts['preferences'], outcome: PreferencesOutcome): Html {
  switch (outcome) {
    case 'saved':
      return said(texts.saved)
    case 'nothing-changed':
      return said(texts.nothingChanged, 'note')
    case 'everything-off':
      return said(texts.everythingOff)
    case 'overtaken':
      return said(texts.stale, 'note')
    case 'not-switched-on':
      return said(texts.notSwitchedOn, 'note')
    default:
      return outcome satisfies never
  }
}

function ownBoxes({ language, groups }: PreferencesView): Html {
  const texts = textsIn(language).preferences
  if (groups.length === 0) return paragraph(texts.nothingToChoose, true)
  const commercial = groups.filter(({ purpose }) => purpose.kind === 'commercial')
  const tracking = groups.filter(({ purpose }) => purpose.kind === 'tracking')
  return html`${commercial.map((group) => ownGroup(language, group))}
${
  tracking.length === 0
    ? null
    : html`<section class="section" aria-labelledby="tracking">
<h2 id="tracking">${texts.trackingTitle}</h2>
${tracking.map(({ purpose }) => html`<div class="group">${boxRow(language, null, purpose)}</div>`)}
</section>`
}`
}

/** A purpose with topics has no switch of its own over them, so it can neither look off nor take them along. */
function ownGroup(language: Language, { purpose, topics }: BoxGroup): Html {
  if (topics.length === 0) return html`<div class="group">${boxRow(language, null, purpose)}</div>`
  const texts = textsIn(language).preferences
  const boxes = [...topics, purpose]
  const on = boxes.filter((box) => box.on).length
  const id = `about_${purpose.purpose}`
  return html`<fieldset class="group" aria-describedby="${id}">
<legend>${purpose.name} <span class="count${on === 0 ? ' none' : ''}">${texts.countOn(on, boxes.length)}</span></legend>
<p class="about" id="${id}">${purpose.description}</p>
${topics.map((topic) => boxRow(language, null, topic))}
${boxRow(language, null, purpose, wordsInGeneral(texts, purpose))}
</fieldset>`
}

type BoxWords = { name: string; description: string }

/** The text beside the box of a purpose that has topics. */
function wordsInGeneral(texts: Texts['preferences'], { name }: { name: string }): BoxWords {
  return { name: texts.inGeneral(name), description: texts.inGeneralMeans }
}

function otherPoints({ language, others }: PreferencesView): Html {
  const { preferences: texts, channel: channels } = textsIn(language)
  return html`<section class="section" aria-labelledby="others">
<h2 id="others">${texts.othersTitle}</h2>
${paragraph(texts.othersLead)}
${others.map(({ id, channel, address, groups }) => {
  const boxes = groups.flatMap(({ purpose, topics }) => [
    ...topics.map((box) => ({ box, words: wordsOf(box) })),
    { box: purpose, words: topics.length === 0 ? wordsOf(purpose) : wordsInGeneral(texts, purpose) },
  ])
  const on = boxes.filter(({ box }) => box.on)
  const off = boxes.filter(({ box }) => !box.on).map(({ words }) => words.name)
  const name = channel === 'email' || channel === 'sms' ? channels[channel] : channel
  return html`<fieldset class="group">
<legend>${name} ${address}</legend>
${on.length === 0 ? paragraph(texts.otherNothingOn, true) : on.map(({ box, words }) => boxRow(language, id, box, words))}
${on.length === 0 || off.length === 0 ? null : paragraph(texts.otherOff(off.join(' · ')), true)}
</fieldset>`
})}
</section>`
}

function wordsOf({ name, description }: Box): BoxWords {
  return { name, description }
}

function boxRow(language: Language, point: string | null, box: Box, words: BoxWords = wordsOf(box)): Html {
  const field = boxField(point, box)
  const id = field.replaceAll(':', '_')
  return html`<div class="box">
<input type="checkbox" id="${id}" name="${field}" value="on"${box.on ? html` checked` : null} aria-describedby="${id}_means">
<label for="${id}">${words.name}</label>
<div id="${id}_means">
<p>${words.description}</p>
<p class="state">${stateOf(language, box)}</p>
</div>
<input type="hidden" name="${shownField(point, box)}" value="${shownValue(box)}">
</div>
`
}

function stateOf(language: Language, { on, standing }: Box): Html {
  const texts = textsIn(language).preferences
  if (standing.pending && !on) return html`${texts.pending}`
  if (standing.state === 'none' || standing.since === null) {
    return html`${on ? texts.onByDefault : texts.offByDefault}`
  }
  if (standing.state === 'opted-out') return dated(language, texts.off, standing.since)
  if (on || standing.expiresAt === null) return dated(language, texts.on, standing.since)
  return dated(language, texts.ended, standing.expiresAt)
}

/** Puts the day into the sentence as a `<time>` element. */
function dated(language: Language, sentence: (date: string) => string, instant: string): Html {
  const day = longDate(language, instant)
  const [before = '', after = ''] = sentence(day).split(day)
  return html`${before}<time datetime="${instant}">${day}</time>${after}`
}

type Notice = { id: string; version: string; language: string; wording: string }

/**
 * The words of a box as it was shown, for the ledger: its name first, which is what the page, the confirmation and the
 * evidence call this consent.
 * @param words.hasTopics it is the box of a purpose beside those of its topics
 */
export function boxNotice(
  language: Language,
  words: { name: string; description: string; version: number; hasTopics: boolean },
): Notice {
  const texts = textsIn(language).preferences
  const box = words.hasTopics ? wordsInGeneral(texts, words) : words
  const about = words.hasTopics ? `${words.name}: ${words.description}\n` : ''
  return {
    id: 'preference-centre',
    version: `${textsVersion}.${words.version}`,
    language,
    wording: `${about}${box.name}: ${box.description} [${texts.saveButton}]`,
  }
}

/** The words beside the button for nothing at all, for the ledger. */
export function everythingNotice(language: Language): Notice {
  const texts = textsIn(language).preferences
  return {
    id: 'preference-centre-everything',
    version: textsVersion,
    language,
    wording: `${texts.everythingTitle}: ${texts.everythingLead} [${texts.everythingButton}]`,
  }
}
