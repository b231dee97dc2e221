import { expect, it } from 'vitest'
import { Refusal } from '../../domain/refusal.ts'
import { boxField, readPreferenceForm, shownField, shownValue } from '../../pages/preferenceFields.ts'

const other = '01931111-1111-7111-8111-111111111111'

it('the form comes back as it was written', () => {
  const newsletter = { purpose: 'marketing', topic: 'newsletter' }
  const surveys = { purpose: 'my.surveys_1', topic: null }
  const fields = new Map([
    ['seen', '12'],
    [boxField(null, newsletter), 'on'],
    [shownField(null, newsletter), shownValue({ on: false, purposeVersion: 3 })],
    [shownField(other, surveys), shownValue({ on: true, purposeVersion: 1 })],
    ['action', 'save'],
  ])
  expect(readPreferenceForm(fields)).toEqual({
    action: 'save',
    seen: 12,
    boxes: [
      { point: null, box: { ...newsletter, version: 3, shown: false, ticked: true } },
      { point: other, box: { ...surveys, version: 1, shown: true, ticked: false } },
    ],
  })
})

it.each([
  ['action', 'everything'],
  ['seen', '-1'],
  ['seen', '1e9'],
  ['was::marketing', 'on.1'],
  ['was::marketing:', 'in.1'],
  ['was::marketing:', 'on.0'],
  ['was:nobody:marketing:', 'on.1'],
])('a field that the form never has is refused: %s=%s', (name, value) => {
  expect(() => readPreferenceForm(new Map([[name, value]]))).toThrow(Refusal)
})
