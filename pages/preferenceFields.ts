/**
 * The fields of the preference centre's form, written and read in one place. A box is `is:<point>:<purpose>:<topic>`, sent only
 * where it is ticked; beside it `was:…` says how it was shown, and with which version of its words. No point: the one the link
 * was sent to.
 */
import type { Submitted } from '../domain/preferences/changes.ts'
import { Refusal } from '../domain/refusal.ts'

export const saveAction = 'save'
/** "Unsubscribe from everything". */
export const everythingAction = 'nothing'

type Named = { purpose: string; topic: string | null }

export function boxField(point: string | null, { purpose, topic }: Named): string {
  return `is:${placeOf(point, { purpose, topic })}`
}

export function shownField(point: string | null, { purpose, topic }: Named): string {
  return `was:${placeOf(point, { purpose, topic })}`
}

export function shownValue(box: { on: boolean; purposeVersion: number }): string {
  return `${box.on ? 'on' : 'off'}.${box.purposeVersion}`
}

function placeOf(point: string | null, { purpose, topic }: Named): string {
  return `${point ?? ''}:${purpose}:${topic ?? ''}`
}

export type PreferenceForm = {
  action: typeof saveAction | typeof everythingAction
  /** Place in the chain up to which the page had seen. */
  seen: number
  /** Null: the contact point the link was sent to. */
  boxes: { point: string | null; box: Submitted }[]
}

const shownName = /^was:([0-9a-f-]{36})?:([a-z0-9._-]{1,100}):([a-z0-9._-]{0,100})$/
const shownText = /^(on|off)\.([1-9][0-9]{0,8})$/

/** @throws Refusal malformed for fields that this form never has */
export function readPreferenceForm(fields: ReadonlyMap<string, string>): PreferenceForm {
  const action = fields.get('action') ?? saveAction
  if (action !== saveAction && action !== everythingAction) throw malformed()
  const seen = fields.get('seen') ?? '0'
  if (!/^(0|[1-9][0-9]{0,14})$/.test(seen)) throw malformed()
  const boxes: PreferenceForm['boxes'] = []
  for (const [name, value] of fields) {
    if (!name.startsWith('was:')) continue
    const [, point, purpose, topic] = shownName.exec(name) ?? []
    const [, shown, version] = shownText.exec(value) ?? []
    if (purpose === undefined || shown === undefined || version === undefined) throw malformed()
    const named = { purpose, topic: topic === undefined || topic === '' ? null : topic }
    boxes.push({
      point: point ?? null,
      box: {
        ...named,
        version: Number(version),
        shown: shown === 'on',
        ticked: fields.has(boxField(point ?? null, named)),
      },
    })
  }
  return { action, seen: Number(seen), boxes }
}

function malformed(): Refusal {
  return new Refusal(
    'form-not-ours',
    'This is not the form of the preference centre. Open the page again and use its form.',
  )
}
