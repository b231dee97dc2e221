/** German. */
import type { Texts } from './texts.ts'

export const de: Texts = {
  languageChoice: 'Sprache dieser Seite',
  confirm: {
    title: 'Bitte bestätigen',
    lead: (brand, address) =>
      `Jemand, wahrscheinlich Sie selbst, hat ${brand} gebeten, Folgendes an ${address} zu senden:`,
    question: (brand) => `Darf ${brand} Ihnen das senden?`,
    button: 'Ja, ich bestätige',
    notYou:
      'Falls Sie nicht darum gebeten haben, schließen Sie einfach diese Seite. Sie erhalten dann nichts.',
    confirmedTitle: 'Danke für Ihre Bestätigung',
    confirmedLead: (brand, address) => `${brand} darf nun Folgendes an ${address} senden:`,
    alreadyTitle: 'Das haben Sie bereits bestätigt',
    alreadyLead: 'Sie müssen nichts weiter tun.',
    expiredTitle: 'Dieser Link ist abgelaufen',
    expiredLead:
      'Er wurde nicht rechtzeitig benutzt, deshalb wurden Sie nicht angemeldet. Wenn Sie das weiterhin möchten, senden wir Ihnen gern eine neue E-Mail:',
    againButton: 'Neue E-Mail senden',
    mailSentTitle: 'Eine neue E-Mail ist unterwegs',
    mailSentLead: (address) =>
      `Wir senden einen neuen Link an ${address}. Wenn er nicht innerhalb weniger Minuten ankommt, sehen Sie bitte auch im Spam-Ordner nach.`,
    withdrawnTitle: 'Diese Anfrage wurde zurückgezogen',
    withdrawnLead:
      'Diese Adresse wurde nach der Anfrage abgemeldet. Deshalb gibt es nichts zu bestätigen, und es wird nichts gesendet.',
    change: 'Jede Nachricht enthält einen Link, mit dem Sie Ihre Meinung jederzeit ändern können.',
  },
  unsubscribe: {
    title: 'Abmelden',
    question: (name, brand) => `Möchten Sie „${name}“ von ${brand} nicht mehr erhalten?`,
    about: (address) => `Es geht um die Adresse ${address}.`,
    withTopics: (names) => `Das gilt für alle Themen: ${names}, und auch für Themen, die später dazukommen.`,
    button: 'Abmelden',
    doneTitle: 'Sie sind abgemeldet',
    done: (name, brand) => `${brand} sendet Ihnen „${name}“ nicht mehr.`,
    nothingTitle: 'Hier gibt es nichts abzumelden',
    nothing: (brand) =>
      `Sie haben diese Nachricht von ${brand} erhalten, weil Sie etwas getan oder bestellt haben. Solche Nachrichten sind keine Werbung, deshalb können Sie sich davon nicht abmelden. In Ihren Einstellungen sehen Sie, was Sie wählen können.`,
    preferences: 'Alle Einstellungen ansehen',
    mistake: 'War das ein Versehen? In Ihren Einstellungen können Sie es wieder einschalten.',
  },
  preferences: {
    title: 'Ihre Einstellungen',
    lead: (brand, address) =>
      `Wählen Sie, was ${brand} an ${address} senden darf. Gespeichert werden nur Ihre Änderungen.`,
    saveButton: 'Auswahl speichern',
    everythingTitle: 'Von allem abmelden',
    everythingLead:
      'Damit schalten Sie für diese Adresse alles oben Genannte aus, und auch alles, was später dazukommt. Nachrichten zu Ihren Bestellungen und Anfragen erhalten Sie weiterhin.',
    everythingButton: 'Von allem abmelden',
    trackingTitle: 'Was wir messen dürfen',
    countOn: (on, all) => `${on} von ${all} an`,
    inGeneral: (purpose) => `${purpose}, allgemein`,
    inGeneralMeans:
      'Alles, was zu keinem der Themen oben gehört. Diese Auswahl ändert die Themen oben nicht.',
    on: (date) => `An seit ${date}`,
    off: (date) => `Aus seit ${date}`,
    onByDefault: 'An, bis Sie es ausschalten',
    offByDefault: 'Aus, bis Sie es einschalten',
    ended: (date) => `Aus: Ihre Einwilligung endete am ${date}`,
    pending: 'Wartet auf Ihre Bestätigung über den Link in unserer E-Mail',
    othersTitle: 'Ihre anderen Adressen',
    othersLead:
      'Hier können Sie sofort ausschalten. Zum Einschalten benutzen Sie bitte einen Link in einer Nachricht an diese Adresse, oder melden Sie sich mit ihr neu an und bestätigen Sie die E-Mail, die Sie dort erhalten.',
    otherOff: (names) => `Aus: ${names}`,
    otherNothingOn: 'Für diese Adresse ist alles aus.',
    nothingToChoose: 'Zurzeit gibt es nichts zu wählen.',
    saved: 'Ihre Auswahl ist gespeichert.',
    nothingChanged: 'Es wurde nichts geändert.',
    everythingOff: 'Alles ist ausgeschaltet.',
    stale:
      'Ihre Einstellungen wurden an anderer Stelle geändert, nachdem Sie diese Seite geöffnet hatten. Was dort ausgeschaltet wurde, haben wir deshalb nicht wieder eingeschaltet. Unten sehen Sie Ihre aktuellen Einstellungen. Bitte prüfen Sie sie, und speichern Sie noch einmal, wenn Sie etwas ändern möchten.',
    notSwitchedOn:
      'Was Sie ausgeschaltet haben, ist aus. Einschalten ist im Moment nicht möglich. Bitte versuchen Sie es später noch einmal.',
  },
  testLink: {
    title: 'Ein Link in einer Testnachricht',
    lead: 'Diese Nachricht war ein Test, deshalb bewirkt der Link nichts. Es wurde nichts geändert.',
    unsubscribe: 'In einer echten Nachricht öffnet dieser Link die Seite zum Abmelden.',
    preferences: 'In einer echten Nachricht öffnet dieser Link die Einstellungen der Person, die sie erhält.',
    confirm: 'In einer echten Nachricht öffnet dieser Link die Seite zum Bestätigen der Anmeldung.',
  },
  channel: { email: 'E-Mail', sms: 'SMS' },
  problem: {
    notFoundTitle: 'Diese Seite gibt es nicht',
    notFound:
      'Der Link ist unvollständig oder falsch. Bitte öffnen Sie ihn noch einmal aus der Nachricht, oder kopieren Sie ihn vollständig.',
    badRequestTitle: 'Das konnten wir nicht lesen',
    badRequest:
      'Diese Seite hat etwas erhalten, das sie nicht erwartet. Es wurde nichts geändert. Bitte öffnen Sie den Link aus der Nachricht und versuchen Sie es noch einmal.',
    tooLargeTitle: 'Das war zu viel',
    tooLarge:
      'Diese Seite hat mehr erhalten, als sie annehmen kann. Es wurde nichts geändert. Bitte öffnen Sie den Link aus der Nachricht und versuchen Sie es noch einmal.',
    notPossibleTitle: 'Das ist nicht mehr möglich',
    notPossible:
      'Das, wofür dieser Link gedacht war, wird nicht mehr angeboten. Es wurde nichts geändert. Bitte melden Sie sich neu an.',
    awayTitle: 'Bitte versuchen Sie es gleich noch einmal',
    away: 'Wir können im Moment nicht antworten. Es wurde nichts geändert.',
    brokenTitle: 'Etwas ist schiefgegangen',
    broken: 'Der Fehler liegt bei uns, und wir haben ihn erfasst. Bitte versuchen Sie es noch einmal.',
  },
}
