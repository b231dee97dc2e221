/** Dutch. */
import type { Texts } from './texts.ts'

export const nl: Texts = {
  languageChoice: 'Taal van deze pagina',
  confirm: {
    title: 'Bevestig uw aanvraag',
    lead: (brand, address) =>
      `Iemand, waarschijnlijk uzelf, heeft ${brand} gevraagd om dit naar ${address} te sturen:`,
    question: (brand) => `Mag ${brand} u dit sturen?`,
    button: 'Ja, ik bevestig',
    notYou: 'Hebt u dit niet aangevraagd? Sluit dan deze pagina. Er wordt niets verstuurd.',
    confirmedTitle: 'Bedankt voor uw bevestiging',
    confirmedLead: (brand, address) => `${brand} mag nu dit naar ${address} sturen:`,
    alreadyTitle: 'U hebt dit al bevestigd',
    alreadyLead: 'U hoeft niets meer te doen.',
    expiredTitle: 'Deze link is verlopen',
    expiredLead:
      'De link is niet op tijd gebruikt, dus u bent niet aangemeld. Wilt u dit nog steeds? Dan sturen we u graag een nieuwe e-mail:',
    againButton: 'Stuur mij een nieuwe e-mail',
    mailSentTitle: 'Er is een nieuwe e-mail onderweg',
    mailSentLead: (address) =>
      `We sturen een nieuwe link naar ${address}. Komt die niet binnen een paar minuten aan? Kijk dan ook in uw spammap.`,
    withdrawnTitle: 'Deze aanvraag is ingetrokken',
    withdrawnLead:
      'Dit adres is na de aanvraag afgemeld. Er valt dus niets te bevestigen, en er wordt niets verstuurd.',
    change: 'In elk bericht staat een link waarmee u altijd van gedachten kunt veranderen.',
  },
  unsubscribe: {
    title: 'Afmelden',
    question: (name, brand) => `Wilt u “${name}” van ${brand} niet meer ontvangen?`,
    about: (address) => `Het gaat om het adres ${address}.`,
    withTopics: (names) =>
      `Dit geldt voor alle onderwerpen: ${names}, en ook voor onderwerpen die er later bij komen.`,
    button: 'Afmelden',
    doneTitle: 'U bent afgemeld',
    done: (name, brand) => `${brand} stuurt u “${name}” niet meer.`,
    nothingTitle: 'U kunt zich hier nergens voor afmelden',
    nothing: (brand) =>
      `U kreeg dit bericht van ${brand} omdat u iets hebt gedaan of besteld. Zulke berichten zijn geen reclame, dus u kunt zich er niet voor afmelden. Bij uw voorkeuren ziet u wat u wel kunt kiezen.`,
    preferences: 'Bekijk al uw voorkeuren',
    mistake: 'Was dit een vergissing? Bij uw voorkeuren kunt u het weer inschakelen.',
  },
  preferences: {
    title: 'Uw voorkeuren',
    lead: (brand, address) =>
      `Kies wat ${brand} naar ${address} mag sturen. Alleen uw wijzigingen worden opgeslagen.`,
    saveButton: 'Mijn keuzes opslaan',
    everythingTitle: 'Voor alles afmelden',
    everythingLead:
      'Hiermee schakelt u voor dit adres alles hierboven uit, en ook alles wat er later bij komt. Berichten over uw bestellingen en aanvragen blijft u ontvangen.',
    everythingButton: 'Voor alles afmelden',
    trackingTitle: 'Wat we mogen meten',
    countOn: (on, all) => `${on} van ${all} aan`,
    inGeneral: (purpose) => `${purpose}, algemeen`,
    inGeneralMeans:
      'Alles wat niet bij een van de onderwerpen hierboven hoort. Deze keuze verandert die onderwerpen niet.',
    on: (date) => `Aan sinds ${date}`,
    off: (date) => `Uit sinds ${date}`,
    onByDefault: 'Aan totdat u het uitschakelt',
    offByDefault: 'Uit totdat u het inschakelt',
    ended: (date) => `Uit: uw toestemming eindigde op ${date}`,
    pending: 'Wacht op uw bevestiging via de link in onze e-mail',
    othersTitle: 'Uw andere adressen',
    othersLead:
      'Hier kunt u meteen iets uitschakelen. Wilt u iets inschakelen? Gebruik dan een link in een bericht aan dat adres, of meld u opnieuw aan met dat adres en bevestig de e-mail die u daar krijgt.',
    otherOff: (names) => `Uit: ${names}`,
    otherNothingOn: 'Voor dit adres staat alles uit.',
    nothingToChoose: 'Er valt op dit moment niets te kiezen.',
    saved: 'Uw keuzes zijn opgeslagen.',
    nothingChanged: 'Er is niets gewijzigd.',
    everythingOff: 'Alles is uitgeschakeld.',
    stale:
      'Uw voorkeuren zijn ergens anders gewijzigd nadat u deze pagina had geopend. Wat daar is uitgeschakeld, hebben we daarom niet weer ingeschakeld. Hieronder ziet u uw huidige voorkeuren. Controleer ze, en sla opnieuw op als u iets wilt wijzigen.',
    notSwitchedOn:
      'Wat u hebt uitgeschakeld, is uit. Inschakelen lukt op dit moment niet. Probeer het later opnieuw.',
  },
  testLink: {
    title: 'Een link in een testbericht',
    lead: 'Dit bericht was een test, dus de link doet niets. Er is niets gewijzigd.',
    unsubscribe: 'In een echt bericht opent deze link de pagina om u af te melden.',
    preferences: 'In een echt bericht opent deze link de voorkeuren van de ontvanger.',
    confirm: 'In een echt bericht opent deze link de pagina om de aanmelding te bevestigen.',
  },
  channel: { email: 'E-mail', sms: 'Sms' },
  problem: {
    notFoundTitle: 'Deze pagina bestaat niet',
    notFound:
      'De link is onvolledig of onjuist. Open hem opnieuw vanuit het bericht, of kopieer de hele link.',
    badRequestTitle: 'Dat konden we niet lezen',
    badRequest:
      'Deze pagina heeft iets ontvangen wat ze niet verwacht. Er is niets gewijzigd. Open de link vanuit het bericht en probeer het opnieuw.',
    tooLargeTitle: 'Dat was te veel',
    tooLarge:
      'Deze pagina heeft meer ontvangen dan ze kan verwerken. Er is niets gewijzigd. Open de link vanuit het bericht en probeer het opnieuw.',
    notPossibleTitle: 'Dat is niet meer mogelijk',
    notPossible:
      'Waar deze link voor was, wordt niet meer aangeboden. Er is niets gewijzigd. Meld u opnieuw aan.',
    awayTitle: 'Probeer het zo meteen opnieuw',
    away: 'We kunnen op dit moment niet antwoorden. Er is niets gewijzigd.',
    brokenTitle: 'Er is iets misgegaan',
    broken: 'De fout ligt bij ons, en we hebben hem vastgelegd. Probeer het opnieuw.',
  },
}
