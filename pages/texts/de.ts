/** German. */
import type { Texts } from './texts.ts'

export const de: Texts = {
  languageChoice: 'Sprache dieser Seite',
  confirm: {
    title: 'Bitte bestätigen',
    lead: (brand, address) =>
      `Jemand, vermutlich Sie selbst, hat ${brand} gebeten, an ${address} zu schreiben:`,
    question: (brand) => `Darf ${brand} Ihnen das senden?`,
    button: 'Ja, ich bestätige',
    notYou:
      'Sie haben nicht darum gebeten? Dann schließen Sie einfach diese Seite, und es wird nichts gesendet.',
    confirmedTitle: 'Danke, das ist bestätigt',
    confirmedLead: (brand, address) => `${brand} darf nun an ${address} schreiben:`,
    alreadyTitle: 'Das ist schon bestätigt',
    alreadyLead: 'Sie haben das bereits bestätigt. Es ist nichts weiter zu tun.',
    expiredTitle: 'Dieser Link ist abgelaufen',
    expiredLead:
      'Er wurde nicht rechtzeitig benutzt, also wurde nichts eingeschaltet. Möchten Sie es noch immer, senden wir Ihnen gern eine neue E-Mail:',
    againButton: 'Neue E-Mail senden',
    mailSentTitle: 'Eine neue E-Mail ist unterwegs',
    mailSentLead: (address) =>
      `Wir senden einen neuen Link an ${address}. Kommt er nicht innerhalb weniger Minuten an, sehen Sie bitte auch im Spam-Ordner nach.`,
    withdrawnTitle: 'Diese Anfrage wurde zurückgezogen',
    withdrawnLead:
      'Nach der Anfrage wurde diese Adresse abgemeldet. Es gibt also nichts zu bestätigen, und es wird nichts gesendet.',
    change: 'Jede Nachricht enthält einen Link, mit dem Sie Ihre Meinung jederzeit ändern können.',
  },
  unsubscribe: {
    title: 'Abmelden',
    question: (name, brand) => `Möchten Sie „${name}“ von ${brand} nicht mehr erhalten?`,
    about: (address) => `Es geht um ${address}.`,
    withTopics: (names) => `Damit endet alles davon: ${names}, und was sonst noch dazugehört.`,
    button: 'Abmelden',
    doneTitle: 'Sie sind abgemeldet',
    done: (name, brand) => `${brand} sendet Ihnen „${name}“ nicht mehr.`,
    nothingTitle: 'Hier gibt es nichts abzumelden',
    nothing: (brand) =>
      `Diese Nachricht haben Sie von ${brand} erhalten, weil Sie etwas getan oder bestellt haben. Solche Nachrichten sind keine Werbung und lassen sich nicht abschalten. Was Sie wählen können, steht auf der Seite Ihrer Einstellungen.`,
    preferences: 'Alle Einstellungen ansehen',
    mistake: 'War es ein Versehen? In Ihren Einstellungen können Sie es wieder einschalten.',
  },
  preferences: {
    title: 'Ihre Einstellungen',
    lead: (brand, address) =>
      `Wählen Sie, was ${brand} an ${address} senden darf. Gespeichert wird nur, was Sie ändern.`,
    saveButton: 'Auswahl speichern',
    everythingTitle: 'Oder gar nichts',
    everythingLead:
      'Damit schalten Sie für diese Adresse alles Obige ab, und auch, was später dazukommt. Nachrichten zu Ihren Bestellungen und Anfragen kommen weiterhin.',
    everythingButton: 'Von allem abmelden',
    trackingTitle: 'Was wir messen dürfen',
    countOn: (on, all) => `${on} von ${all} an`,
    inGeneral: (purpose) => `${purpose}, allgemein`,
    inGeneralMeans: 'Was zu keinem der Themen darüber gehört. Ihre Wahl hier lässt diese, wie sie sind.',
    on: (date) => `An seit ${date}`,
    off: (date) => `Aus seit ${date}`,
    onByDefault: 'An, bis Sie es abschalten',
    offByDefault: 'Aus, bis Sie es einschalten',
    ended: (date) => `Aus: Ihre Einwilligung endete am ${date}`,
    pending: 'Wartet auf Ihre Bestätigung über den Link in unserer E-Mail',
    othersTitle: 'Ihre anderen Adressen',
    othersLead:
      'Abschalten können Sie hier sofort. Zum Einschalten benutzen Sie bitte einen Link aus einer Nachricht an diese Adresse, oder melden Sie sich damit neu an und bestätigen Sie von dort.',
    otherOff: (names) => `Aus: ${names}`,
    otherNothingOn: 'Für diese Adresse ist alles aus.',
    nothingToChoose: 'Zurzeit gibt es nichts zu wählen.',
    saved: 'Ihre Auswahl ist gespeichert.',
    nothingChanged: 'Es wurde nichts geändert.',
    everythingOff: 'Alles ist abgeschaltet.',
    stale:
      'Nachdem diese Seite geöffnet worden war, wurde anderswo etwas geändert; darum wurde es nicht wieder eingeschaltet. So steht es jetzt: Bitte sehen Sie nach, und speichern Sie noch einmal, wenn Sie möchten.',
    notSwitchedOn:
      'Was Sie ausgeschaltet haben, ist aus. Einschalten ist im Moment nicht möglich. Bitte versuchen Sie es später noch einmal.',
  },
  testLink: {
    title: 'Ein Link aus einer Testnachricht',
    lead: 'Diese Nachricht war ein Test, darum bewirkt der Link nichts. Es wurde für niemanden etwas geändert.',
    unsubscribe: 'In der echten Nachricht führt er zu der Seite, auf der man sich abmeldet.',
    preferences: 'In der echten Nachricht führt er zu den Einstellungen der Person, die sie liest.',
    confirm: 'In der echten Nachricht führt er zu der Seite, auf der man die Anmeldung bestätigt.',
  },
  channel: { email: 'E-Mail', sms: 'SMS' },
  problem: {
    notFoundTitle: 'Diese Seite gibt es nicht',
    notFound:
      'Der Link ist keiner von uns, oder ein Teil davon fehlt. Bitte öffnen Sie ihn noch einmal aus der Nachricht, oder kopieren Sie ihn ganz.',
    badRequestTitle: 'Das war nicht lesbar',
    badRequest:
      'An diese Seite wurde etwas anderes gesendet, als sie erwartet. Es wurde nichts geändert. Bitte öffnen Sie den Link aus der Nachricht und versuchen Sie es noch einmal.',
    tooLargeTitle: 'Das war zu viel',
    tooLarge: 'An diese Seite wurde mehr gesendet, als sie annimmt. Es wurde nichts geändert.',
    notPossibleTitle: 'Das ist nicht mehr möglich',
    notPossible:
      'Wofür dieser Link gemacht war, wird nicht mehr angeboten. Es wurde nichts geändert. Bitte melden Sie sich neu an.',
    awayTitle: 'Bitte versuchen Sie es gleich noch einmal',
    away: 'Wir können gerade nicht antworten. Es wurde nichts geändert.',
    brokenTitle: 'Etwas ist schiefgegangen',
    broken: 'Das liegt an uns, und wir haben es vermerkt. Bitte versuchen Sie es noch einmal.',
  },
}
