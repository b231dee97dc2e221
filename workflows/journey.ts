/** One contact's passage through one journey. */
import { type DriveInput, drive } from './drive.ts'

export function journey(input: DriveInput): ReturnType<typeof drive> {
  return drive(input)
}
