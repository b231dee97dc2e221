/** Which language a page speaks, and how it writes a date. */

export const languages = ['en', 'de', 'nl'] as const
export type Language = (typeof languages)[number]

/** What each language calls itself. */
export const languageNames: Readonly<Record<Language, string>> = {
  en: 'English',
  de: 'Deutsch',
  nl: 'Nederlands',
}

/**
 * The first of the wishes that names a language of ours, by its primary subtag; English where none does.
 * @param wishes BCP 47 tags, the weightiest first; anything else is passed over
 */
export function pickLanguage(...wishes: readonly unknown[]): Language {
  for (const wish of wishes) {
    if (typeof wish !== 'string') continue
    const primary = wish.toLowerCase().split('-')[0]
    const known = languages.find((language) => language === primary)
    if (known !== undefined) return known
  }
  return 'en'
}

/** The day of a moment in words, in UTC: a page does not know where its reader is. @param instant RFC 3339 */
export function longDate(language: Language, instant: string): string {
  const locale = language === 'en' ? 'en-GB' : language
  return new Intl.DateTimeFormat(locale, { dateStyle: 'long', timeZone: 'UTC' }).format(new Date(instant))
}
