/** Every text of the pages, in each language. A language that lacks a text does not compile. */
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
    /** The address that this concerns. */
    about: (address: string) => string
    /** For a purpose, whose topics are withdrawn with it. */
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
    /** How many boxes of a purpose with topics are on. */
    countOn: (on: number, all: number) => string
    /** Name of a purpose's own box, beside the boxes of its topics. */
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
  /** The page that links in previews and test mails open. */
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

/** Raise this with every change of a text, in any language: recorded consents name it. */
export const textsVersion = '3'

export function textsIn(language: Language): Texts {
  return all[language]
}
