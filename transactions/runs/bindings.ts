/** Bindings of conditions, read from the database only once a condition needs them. */
import type { Db } from '../../db/connect.ts'
import {
  type ConsentBinding,
  type ContactBinding,
  readConsentBinding,
  readContactBinding,
} from '../../db/reads/bindings.ts'
import { type ConditionBindings, evaluateCondition } from '../../domain/conditions/evaluate.ts'
import type { Judged } from '../../domain/conditions/judged.ts'
import type { ContactRow } from '../locks.ts'

/** `trigger`: payload of the run's entry. `event`: payload just received; left out, that of the entry. */
type More = { trigger: Record<string, unknown>; event?: Record<string, unknown> }

export type Bindings = {
  /**
   * Whether a condition holds; null always does. One that cannot be evaluated (a missing attribute, another type than it expects, too
   * much work) does not hold, and the verdict says why.
   */
  judge(condition: string | null, more: More): Promise<Judged>
  /** All that a condition may read, for this text. */
  of(condition: string, more: More): Promise<ConditionBindings>
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
    judge: async (condition, more) => {
      if (condition === null) return { holds: true, unknown: null }
      const result = evaluateCondition(condition, await of(condition, more))
      return result.ok ? { holds: result.value, unknown: null } : { holds: false, unknown: result.message }
    },
  }
}
