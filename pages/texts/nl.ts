/** Dutch. */
import type { Texts } from './texts.ts'

export const nl: Texts = {
  languageChoice: 'Taal van deze pagina',
  confirm: {
    title: 'Bevestig uw aanvraag',
    lead: (brand, address) =>
      `Iemand, vermoedelijk uzelf, heeft ${brand} gevraagd om aan ${address} te schrijven over:`,
    question: (brand) => `Mag ${brand} u dit sturen?`,
    button: 'Ja, ik bevestig',
    notYou: 'Hebt u dit niet aangevraagd? Sluit dan gewoon deze pagina; er wordt niets verstuurd.',
    confirmedTitle: 'Bedankt, dat is bevestigd',
    confirmedLead: (brand, address) => `${brand} mag nu aan ${address} schrijven over:`,
    alreadyTitle: 'Dit is al bevestigd',
    alreadyLead: 'U hebt dit eerder bevestigd. U hoeft niets meer te doen.',
    expiredTitle: 'Deze link is verlopen',
    expiredLead:
      'De link is niet op tijd gebruikt, dus er is niets ingeschakeld. Wilt u dit nog steeds, dan sturen we u graag een nieuwe e-mail:',
    againButton: 'Stuur mij een nieuwe e-mail',
    mailSentTitle: 'Er is een nieuwe e-mail onderweg',
    mailSentLead: (address) =>
      `We sturen een nieuwe link naar ${address}. Komt die niet binnen een paar minuten aan, kijk dan ook in de map met spam.`,
    withdrawnTitle: 'Deze aanvraag is ingetrokken',
    withdrawnLead:
      'Na de aanvraag is dit adres afgemeld. Er valt dus niets te bevestigen, en er wordt niets verstuurd.',
    change: 'In elk bericht staat een link waarmee u op elk moment van gedachten kunt veranderen.',
  },
  unsubscribe: {
    title: 'Afmelden',
    question: (name, brand) => `Wilt u “${name}” van ${brand} niet meer ontvangen?`,
    about: (address) => `Het gaat om ${address}.`,
    withTopics: (names) => `Hiermee stopt alles ervan: ${names}, en wat er verder bij hoort.`,
    button: 'Afmelden',
    doneTitle: 'U bent afgemeld',
    done: (name, brand) => `${brand} stuurt u “${name}” niet meer.`,
    nothingTitle: 'Er is niets om u voor af te melden',
    nothing: (brand) =>
      `U kreeg dit bericht van ${brand} omdat u iets hebt gedaan of besteld. Zulke berichten zijn geen reclame en kunnen niet worden uitgeschakeld. Wat u wel kunt kiezen, staat op de pagina met uw voorkeuren.`,
    preferences: 'Bekijk al uw voorkeuren',
    mistake: 'Was het een vergissing? Bij uw voorkeuren kunt u het weer inschakelen.',
  },
  preferences: {
    title: 'Uw voorkeuren',
    lead: (brand, address) =>
      `Kies wat ${brand} naar ${address} mag sturen. Alleen wat u wijzigt, wordt opgeslagen.`,
    saveButton: 'Mijn keuzes opslaan',
    everythingTitle: 'Of helemaal niets',
    everythingLead:
      'Hiermee schakelt u voor dit adres alles hierboven uit, en ook wat er later bij komt. Berichten over uw bestellingen en aanvragen blijven komen.',
    everythingButton: 'Voor alles afmelden',
    trackingTitle: 'Wat we mogen meten',
    countOn: (on, all) => `${on} van ${all} aan`,
    inGeneral: (purpose) => `${purpose}, algemeen`,
    inGeneralMeans: 'Wat bij geen van de onderwerpen hierboven hoort. Uw keuze hier laat die zoals ze zijn.',
    on: (date) => `Aan sinds ${date}`,
    off: (date) => `Uit sinds ${date}`,
    onByDefault: 'Aan totdat u het uitschakelt',
    offByDefault: 'Uit totdat u het inschakelt',
    ended: (date) => `Uit: uw toestemming eindigde op ${date}`,
    pending: 'Wacht op uw bevestiging via de link in onze e-mail',
    othersTitle: 'Uw andere adressen',
    othersLead:
      'Uitschakelen kan hier meteen. Om iets in te schakelen gebruikt u een link uit een bericht aan dat adres, of meldt u zich er opnieuw mee aan en bevestigt u van daaruit.',
    otherOff: (names) => `Uit: ${names}`,
    otherNothingOn: 'Voor dit adres staat alles uit.',
    nothingToChoose: 'Er valt op dit moment niets te kiezen.',
    saved: 'Uw keuzes zijn opgeslagen.',
    nothingChanged: 'Er is niets gewijzigd.',
    everythingOff: 'Alles is uitgeschakeld.',
    stale:
      'Nadat deze pagina was geopend, is elders iets gewijzigd; daarom is het niet opnieuw ingeschakeld. Zo staat het nu: kijk het na, en sla nog eens op als u dat wilt.',
    notSwitchedOn:
      'Wat u hebt uitgeschakeld, is uit. Inschakelen lukt op dit moment niet. Probeer het later nog eens.',
  },
  testLink: {
    title: 'Een link uit een testbericht',
    lead: 'Dit bericht was een test, dus de link doet niets. Er is voor niemand iets gewijzigd.',
    unsubscribe: 'In het echte bericht leidt hij naar de pagina waarop men zich afmeldt.',
    preferences: 'In het echte bericht leidt hij naar de voorkeuren van wie het leest.',
    confirm: 'In het echte bericht leidt hij naar de pagina waarop men de aanmelding bevestigt.',
  },
  channel: { email: 'E-mail', sms: 'Sms' },
  problem: {
    notFoundTitle: 'Deze pagina bestaat niet',
    notFound:
      'De link is er geen van ons, of er ontbreekt een deel. Open hem nog eens vanuit het bericht, of kopieer hem helemaal.',
    badRequestTitle: 'Dat was niet leesbaar',
    badRequest:
      'Naar deze pagina is iets anders gestuurd dan zij verwacht. Er is niets gewijzigd. Open de link vanuit het bericht en probeer het opnieuw.',
    tooLargeTitle: 'Dat was te veel',
    tooLarge: 'Naar deze pagina is meer gestuurd dan zij aanneemt. Er is niets gewijzigd.',
    notPossibleTitle: 'Dat kan niet meer',
    notPossible:
      'Waarvoor deze link is gemaakt, wordt niet meer aangeboden. Er is niets gewijzigd. Meld u opnieuw aan.',
    awayTitle: 'Probeer het zo dadelijk nog eens',
    away: 'We kunnen nu even niet antwoorden. Er is niets gewijzigd.',
    brokenTitle: 'Er ging iets mis',
    broken: 'Dat ligt aan ons, en we hebben het genoteerd. Probeer het nog eens.',
  },
}
