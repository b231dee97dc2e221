/** Bindings of conditions, read from the database only once a condition needs them. */
import type { Db } from '../../db/connect.ts'
import {
  type ConsentBinding,
  type ContactBinding,
  readConsentBinding,
  readContactBinding,
} from '../../db/reads/bindings.ts'
import { type ConditionBindings, evaluateCondition } from '../../domain/conditions/evaluate.ts'
import type { ContactRow } from '../locks.ts'

export type Bindings = {
  /**
   * Whether a condition holds. None given: yes. One that cannot be evaluated (a missing attribute, another type than it
   * expects) does not hold: silence never starts a journey.
   */
  holds(
    condition: string | null,
    more: { trigger: Record<string, unknown>; event?: Record<string, unknown> },
  ): Promise<boolean>
  /** All that a condition may read, for the text of it. */
  of(
    condition: string,
    more: { trigger: Record<string, unknown>; event?: Record<string, unknown> },
  ): Promise<ConditionBindings>
}

/** @param now the run's own moment, which `now` means in conditions */
export function lazyBindings(tx: Db, contact: ContactRow, now: string): Bindings {
  let contactBinding: Promise<ContactBinding> | null = null
  let consentBinding: Promise<ConsentBinding> | null = null
  const of: Bindings['of'] = async (condition, more) => {
    // A name that occurs anywhere in the text may be read by it; one that does not cannot be.
    if (condition.includes('contact')) contactBinding ??= readContactBinding(tx, contact)
    if (condition.includes('consent')) consentBinding ??= readConsentBinding(tx, contact.id)
    return {
      contact: (await contactBinding) ?? {},
      consent: (await consentBinding) ?? {},
      trigger: more.trigger,
      event: more.event ?? more.trigger,
      now: new Date(now),
    }
  }
  return {
    of,
    holds: async (condition, more) => {
      if (condition === null) return true
      const result = evaluateCondition(condition, await of(condition, more))
      return result.ok && result.value
    },
  }
}
