/** Sends a page, chooses its language, and takes the evidence from a request. */
import type { Request, Response } from 'express'
import { type Language, pickLanguage } from '../../pages/texts/language.ts'
import type { PersonSaid } from '../../transactions/said.ts'
import { clientAddress } from '../clientAddress.ts'

/** `?lang=` if it is one of ours, else the profile's. */
export function languageOf(request: Request, locale: string): Language {
  return pickLanguage(request.query.lang, locale)
}

/** For pages that belong to no profile: `?lang=`, else what the browser asks for. */
export function languageOfReader(request: Request): Language {
  return pickLanguage(request.query.lang, ...request.acceptsLanguages())
}

export function sendPage(response: Response, status: number, language: Language, page: string): void {
  response.status(status).set('Content-Language', language).type('text/html; charset=utf-8').send(page)
}

/** Longer ones are cut: the sender controls the header. */
const longestUserAgent = 1000

/** @param page path of the page without its token */
export function saidOn(request: Request, publicUrl: string, page: string): PersonSaid {
  return {
    pageUrl: new URL(page, publicUrl).href,
    ip: clientAddress(request),
    userAgent: userAgentOf(request)?.slice(0, longestUserAgent) ?? null,
  }
}

export function userAgentOf(request: Request): string | null {
  const agent = request.get('User-Agent')
  return agent === undefined || agent === '' ? null : agent
}
