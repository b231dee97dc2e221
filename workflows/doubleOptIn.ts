/** One request for double opt-in: mails the confirmation, reminds once, and waits for the person or for the end of its time. */
import { type DriveInput, drive } from './drive.ts'

export function doubleOptIn(input: DriveInput): ReturnType<typeof drive> {
  return drive(input)
}
