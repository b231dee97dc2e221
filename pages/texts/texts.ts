/** Every word a page says, in each of its languages. A language that lacks one does not compile. */
import { de } from './de.ts'
import { en } from './en.ts'
import type { Language } from './language.ts'
import { nl } from './nl.ts'

export type Texts = {
  languageChoice: string
  confirm: {
    title: string
    lead: (brand: string, address: string) => string
    question: (brand: string) => string
    button: string
    notYou: string
    confirmedTitle: string
    confirmedLead: (brand: string, address: string) => string
    alreadyTitle: string
    alreadyLead: string
    expiredTitle: string
    expiredLead: string
    againButton: string
    mailSentTitle: string
    mailSentLead: (address: string) => string
    withdrawnTitle: string
    withdrawnLead: string
    change: string
  }
  unsubscribe: {
    title: string
    question: (name: string, brand: string) => string
    /** Which address it is about. */
    about: (address: string) => string
    /** Where a purpose is withdrawn, and its topics with it. */
    withTopics: (names: string) => string
    button: string
    doneTitle: string
    done: (name: string, brand: string) => string
    nothingTitle: string
    nothing: (brand: string) => string
    preferences: string
    mistake: string
  }
  preferences: {
    title: string
    lead: (brand: string, address: string) => string
    saveButton: string
    everythingTitle: string
    everythingLead: string
    everythingButton: string
    trackingTitle: string
    /** How many of the boxes of a purpose with topics are on. */
    countOn: (on: number, all: number) => string
    /** Names the box of a purpose beside those of its topics. */
    inGeneral: (purpose: string) => string
    inGeneralMeans: string
    on: (date: string) => string
    off: (date: string) => string
    onByDefault: string
    offByDefault: string
    ended: (date: string) => string
    pending: string
    othersTitle: string
    othersLead: string
    otherOff: (names: string) => string
    otherNothingOn: string
    nothingToChoose: string
    saved: string
    nothingChanged: string
    everythingOff: string
    stale: string
    notSwitchedOn: string
  }
  /** Where the links of previews and test mails lead. */
  testLink: { title: string; lead: string; unsubscribe: string; preferences: string; confirm: string }
  channel: { email: string; sms: string }
  problem: {
    notFoundTitle: string
    notFound: string
    badRequestTitle: string
    badRequest: string
    tooLargeTitle: string
    tooLarge: string
    notPossibleTitle: string
    notPossible: string
    awayTitle: string
    away: string
    brokenTitle: string
    broken: string
  }
}

const all: Readonly<Record<Language, Texts>> = { en, de, nl }

/** Raised with every change of a wording, in whatever language: recorded consents name it. */
export const textsVersion = '2'

export function textsIn(language: Language): Texts {
  return all[language]
}
