/** All routes for systems. */
import type { Route } from '../routing.ts'
import { consentRoutes } from './consents.ts'
import { contactRoutes } from './contacts.ts'
import { definitionRoutes } from './definitions.ts'
import { deliveryRoutes } from './deliveries.ts'
import { doubleOptInRoutes } from './doubleOptIns.ts'
import { journeyRoutes } from './journeys.ts'
import { keyRoutes } from './keys.ts'
import { messageTestRoutes } from './messageTests.ts'
import { outboxRoutes } from './outbox.ts'
import { runRoutes } from './runs.ts'
import { suppressionRoutes } from './suppressions.ts'
import { triggerRoutes } from './triggers.ts'

export const allRoutes: readonly Route[] = [
  ...definitionRoutes,
  ...messageTestRoutes,
  ...contactRoutes,
  ...consentRoutes,
  ...doubleOptInRoutes,
  ...suppressionRoutes,
  ...journeyRoutes,
  ...runRoutes,
  ...deliveryRoutes,
  ...triggerRoutes,
  ...keyRoutes,
  ...outboxRoutes,
]
