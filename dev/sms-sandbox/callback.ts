/** Calls the application back as Twilio does: a form post, signed with the account's token over address and fields. */
import twilio from 'twilio'

export interface CallbackAnswer {
  /** The application's HTTP status; null when it could not be reached. */
  readonly status: number | null
  readonly body: string
}

/** The header Twilio would send with this post. */
function signature(authToken: string, url: string, fields: Readonly<Record<string, string>>): string {
  return twilio.getExpectedTwilioSignature(authToken, url, { ...fields })
}

/** Twilio waits fifteen seconds for an answer. */
const patienceMs = 15_000

export async function callBack(
  authToken: string,
  url: string,
  fields: Readonly<Record<string, string>>,
): Promise<CallbackAnswer> {
  try {
    const answer = await fetch(url, {
      method: 'POST',
      headers: { 'X-Twilio-Signature': signature(authToken, url, fields), 'User-Agent': 'TwilioProxy/1.1' },
      body: new URLSearchParams(fields),
      redirect: 'manual',
      signal: AbortSignal.timeout(patienceMs),
    })
    return { status: answer.status, body: await answer.text() }
  } catch (error) {
    return { status: null, body: error instanceof Error ? error.message : String(error) }
  }
}
