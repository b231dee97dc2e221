/** English. */
import type { Texts } from './texts.ts'

export const en: Texts = {
  languageChoice: 'Language of this page',
  confirm: {
    title: 'Please confirm',
    lead: (brand, address) => `Someone, probably you, asked ${brand} to send this to ${address}:`,
    question: (brand) => `May ${brand} send you this?`,
    button: 'Yes, I confirm',
    notYou: 'If you did not ask for this, simply close this page. Nothing will be sent.',
    confirmedTitle: 'Thank you for confirming',
    confirmedLead: (brand, address) => `${brand} may now send this to ${address}:`,
    alreadyTitle: 'You have already confirmed this',
    alreadyLead: 'There is nothing more to do.',
    expiredTitle: 'This link has expired',
    expiredLead:
      'It was not used in time, so you were not signed up. If you still want this, we can send you a new e-mail:',
    againButton: 'Send me a new e-mail',
    mailSentTitle: 'A new e-mail is on its way',
    mailSentLead: (address) =>
      `We are sending a new link to ${address}. If it does not arrive within a few minutes, please check your spam folder.`,
    withdrawnTitle: 'This request was withdrawn',
    withdrawnLead:
      'This address was unsubscribed after the request was made. So there is nothing to confirm, and nothing will be sent.',
    change: 'Every message contains a link with which you can change your mind at any time.',
  },
  unsubscribe: {
    title: 'Unsubscribe',
    question: (name, brand) => `Do you want to stop receiving “${name}” from ${brand}?`,
    about: (address) => `This is about the address ${address}.`,
    withTopics: (names) => `This includes all its topics: ${names}, and any that are added later.`,
    button: 'Unsubscribe',
    doneTitle: 'You are unsubscribed',
    done: (name, brand) => `${brand} will no longer send you “${name}”.`,
    nothingTitle: 'There is nothing to unsubscribe from',
    nothing: (brand) =>
      `You got this message from ${brand} because of something you did or ordered. Such messages are not advertising, so you cannot unsubscribe from them. Your preferences show what you can choose.`,
    preferences: 'See all your preferences',
    mistake: 'Was this a mistake? You can switch it on again in your preferences.',
  },
  preferences: {
    title: 'Your preferences',
    lead: (brand, address) => `Choose what ${brand} may send to ${address}. Only your changes are saved.`,
    saveButton: 'Save my choices',
    everythingTitle: 'Unsubscribe from everything',
    everythingLead:
      'This switches off everything above for this address, and everything that is added later. You will still get messages about your orders and requests.',
    everythingButton: 'Unsubscribe from everything',
    trackingTitle: 'What we may measure',
    countOn: (on, all) => `${on} of ${all} on`,
    inGeneral: (purpose) => `${purpose}, in general`,
    inGeneralMeans:
      'Everything that does not belong to one of the topics above. This choice does not change those topics.',
    on: (date) => `On since ${date}`,
    off: (date) => `Off since ${date}`,
    onByDefault: 'On until you switch it off',
    offByDefault: 'Off until you switch it on',
    ended: (date) => `Off: your consent ended on ${date}`,
    pending: 'Waiting for you to confirm with the link in our e-mail',
    othersTitle: 'Your other addresses',
    othersLead:
      'You can switch things off here at once. To switch something on, use a link in a message to that address, or sign up again with that address and confirm the e-mail you get there.',
    otherOff: (names) => `Off: ${names}`,
    otherNothingOn: 'Everything is off for this address.',
    nothingToChoose: 'There is nothing to choose at the moment.',
    saved: 'Your choices are saved.',
    nothingChanged: 'Nothing was changed.',
    everythingOff: 'Everything is switched off.',
    stale:
      'Your preferences were changed somewhere else after you opened this page. So we did not switch on what was switched off there. Below you see your current preferences. Please check them, and save again if you want to change something.',
    notSwitchedOn:
      'What you switched off is off. We could not switch anything on at the moment. Please try again later.',
  },
  testLink: {
    title: 'A link in a test message',
    lead: 'This message was a test, so the link does nothing. Nothing was changed.',
    unsubscribe: 'In a real message, this link opens the page for unsubscribing.',
    preferences: 'In a real message, this link opens the recipient’s preferences.',
    confirm: 'In a real message, this link opens the page for confirming the sign-up.',
  },
  channel: { email: 'E-mail', sms: 'SMS' },
  problem: {
    notFoundTitle: 'This page does not exist',
    notFound:
      'The link is incomplete or wrong. Please open it again from the message, or copy the whole link.',
    badRequestTitle: 'We could not read that',
    badRequest:
      'This page received something that it does not expect. Nothing was changed. Please open the link from the message and try again.',
    tooLargeTitle: 'That was too much',
    tooLarge:
      'This page received more than it can take. Nothing was changed. Please open the link from the message and try again.',
    notPossibleTitle: 'This is no longer possible',
    notPossible: 'What this link was for is no longer offered. Nothing was changed. Please sign up again.',
    awayTitle: 'Please try again in a moment',
    away: 'We cannot answer at the moment. Nothing was changed.',
    brokenTitle: 'Something went wrong',
    broken: 'The fault is ours, and we have recorded it. Please try again.',
  },
}
