/** The workflows this worker runs. */
export { doubleOptIn } from './doubleOptIn.ts'
export { journey } from './journey.ts'
