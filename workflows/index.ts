/** The workflows that the worker runs. */
export { beacon } from './beacon.ts'
export { doubleOptIn } from './doubleOptIn.ts'
export { journey } from './journey.ts'
