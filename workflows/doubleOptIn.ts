/** One request for double opt-in: mails the confirmation, reminds once, and waits until the person answers or the request expires. */
import { type DriveInput, drive } from './drive.ts'

export function doubleOptIn(input: DriveInput): ReturnType<typeof drive> {
  return drive(input)
}
