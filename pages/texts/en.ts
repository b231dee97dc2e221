/** English. */
import type { Texts } from './texts.ts'

export const en: Texts = {
  languageChoice: 'Language of this page',
  confirm: {
    title: 'Please confirm',
    lead: (brand, address) => `Somebody, we think you, asked ${brand} to write to ${address} about this:`,
    question: (brand) => `May ${brand} send you this?`,
    button: 'Yes, I confirm',
    notYou: 'You did not ask for it? Then simply close this page, and nothing will be sent.',
    confirmedTitle: 'Thank you, that is confirmed',
    confirmedLead: (brand, address) => `${brand} may now write to ${address} about this:`,
    alreadyTitle: 'This is already confirmed',
    alreadyLead: 'You confirmed this before. There is nothing left to do.',
    expiredTitle: 'This link has expired',
    expiredLead:
      'It was not used in time, so nothing was switched on. If you still want this, we will gladly send you a new mail:',
    againButton: 'Send me a new mail',
    mailSentTitle: 'A new mail is on its way',
    mailSentLead: (address) =>
      `We are sending a new link to ${address}. If it does not come within a few minutes, look in the spam folder too.`,
    withdrawnTitle: 'This request was withdrawn',
    withdrawnLead:
      'After it was made, this address was unsubscribed. So there is nothing to confirm, and nothing will be sent.',
    change: 'Every message has a link by which you can change your mind at any time.',
  },
  unsubscribe: {
    title: 'Unsubscribe',
    question: (name, brand) => `Do you no longer want “${name}” from ${brand}?`,
    about: (address) => `This is about ${address}.`,
    withTopics: (names) => `This ends all of it: ${names}, and whatever else belongs to it.`,
    button: 'Unsubscribe',
    doneTitle: 'You are unsubscribed',
    done: (name, brand) => `${brand} will not send you “${name}” any more.`,
    nothingTitle: 'There is nothing to unsubscribe from',
    nothing: (brand) =>
      `You got this message from ${brand} because of something you did or ordered. Such messages are not advertising and cannot be switched off. What you can choose is on the page of your preferences.`,
    preferences: 'See all your preferences',
    mistake: 'Was it a mistake? Among your preferences you can switch it on again.',
  },
  preferences: {
    title: 'Your preferences',
    lead: (brand, address) => `Choose what ${brand} may send to ${address}. Only what you change is saved.`,
    saveButton: 'Save my choices',
    everythingTitle: 'Or nothing at all',
    everythingLead:
      'This switches off everything above for this address, and whatever may be added later. Messages about your orders and requests still come.',
    everythingButton: 'Unsubscribe from everything',
    trackingTitle: 'What we may measure',
    countOn: (on, all) => `${on} of ${all} on`,
    inGeneral: (purpose) => `${purpose}, in general`,
    inGeneralMeans: 'What belongs to none of the topics above. Your choice here leaves them as they are.',
    on: (date) => `On since ${date}`,
    off: (date) => `Off since ${date}`,
    onByDefault: 'On until you switch it off',
    offByDefault: 'Off until you switch it on',
    ended: (date) => `Off: your consent ended on ${date}`,
    pending: 'Waiting for you to confirm by the link in our mail',
    othersTitle: 'Your other addresses',
    othersLead:
      'Here you can switch things off at once. To switch one on, use a link in a message to that address, or sign up with it again and confirm from there.',
    otherOff: (names) => `Off: ${names}`,
    otherNothingOn: 'Everything is off for this address.',
    nothingToChoose: 'There is nothing to choose from at present.',
    saved: 'Your choices are saved.',
    nothingChanged: 'Nothing was changed.',
    everythingOff: 'Everything is switched off.',
    stale:
      'Something was changed elsewhere after this page had been opened, so it was not switched on again. This is how things stand now: please look, and save once more if you want to.',
    notSwitchedOn:
      'What you switched off is off. Nothing could be switched on just now. Please try again later.',
  },
  testLink: {
    title: 'A link of a test message',
    lead: 'This message was a test, so the link does nothing. Nothing was changed for anybody.',
    unsubscribe: 'In the real message it leads to the page on which its reader unsubscribes.',
    preferences: 'In the real message it leads to its reader’s preferences.',
    confirm: 'In the real message it leads to the page on which its reader confirms the sign-up.',
  },
  channel: { email: 'E-mail', sms: 'SMS' },
  problem: {
    notFoundTitle: 'There is no such page',
    notFound:
      'The link is not one of ours, or a part of it is missing. Please open it again from the message, or copy the whole of it.',
    badRequestTitle: 'That could not be read',
    badRequest:
      'What was sent to this page is not what it expects. Nothing was changed. Please open the link from the message and try again.',
    tooLargeTitle: 'That was too much',
    tooLarge: 'More was sent to this page than it takes. Nothing was changed.',
    notPossibleTitle: 'That is no longer possible',
    notPossible:
      'What this link was made for is no longer offered. Nothing was changed. Please sign up again.',
    awayTitle: 'Please try again in a moment',
    away: 'We cannot answer just now. Nothing was changed.',
    brokenTitle: 'Something went wrong',
    broken: 'That is our fault, and we have taken note of it. Please try again.',
  },
}
