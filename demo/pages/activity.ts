/** What the visitor did, and what Assent has done with it so far. */
import type { ConsentState, DoubleOptIn, Problem, Run } from '../assent.ts'
import { boxes } from '../consentForm.ts'
import { type Html, html } from '../html.ts'
import type { Action } from '../visitors.ts'
import { outward, type Places } from './frame.ts'
import { outcomeInWords, reasonInWords, toneOf } from './words.ts'

/** An action and what has come of it. */
export interface Seen {
  readonly action: Action
  /** Its double opt-in; null if it has none, or if Assent did not answer. */
  readonly doubleOptIn: DoubleOptIn | null
  readonly runs: readonly Run[]
}

export interface Activity {
  /** Null if Assent does not know the address, or there is none. */
  readonly consents: readonly ConsentState[] | null
  readonly email: string
  readonly seen: readonly Seen[]
}

export function activityOf({ consents, email, seen }: Activity, places: Places): Html {
  if (seen.length === 0)
    return html`<p class="nothing">Nothing yet. What you do above appears here: what the shop told Assent, which journeys began, and why each message was sent or not.</p>`
  return html`${consents !== null && standing(consents, email)}
<ol class="log">
${seen.map((one) => entry(one, places))}
</ol>`
}

function standing(consents: readonly ConsentState[], email: string): Html {
  return html`<div class="standing">
<h3>Consent of ${email}</h3>
<dl>
${boxes.map(({ name, grant }) => {
  const found = consents.find(
    (one) => one.purpose === grant.purpose && (one.topic ?? undefined) === grant.topic,
  )
  const state = found?.pending === true && found.state === 'none' ? 'pending' : (found?.state ?? 'none')
  return html`<div><dt>${name}</dt><dd>${pill(state)}</dd></div>`
})}
</dl>
</div>`
}

function entry({ action, doubleOptIn, runs }: Seen, places: Places): Html {
  return html`<li class="entry">
<div class="entry-head">
<h3>${action.title}</h3>
${clock(action.at.toISOString())}
</div>
<p class="call"><code>${action.request}</code> <span>${action.status === 0 ? 'no answer' : action.status}</span></p>
${action.problem !== null && refusal(action.problem)}
${action.remark !== '' && html`<p>${action.remark}</p>`}
${doubleOptIn !== null && html`<p class="double-opt-in">Double opt-in ${pill(doubleOptIn.state)} ${temporal(places, doubleOptIn.workflowId)}</p>`}
${runs.map((run) => runCard(run, places))}
</li>`
}

function refusal({ title, detail, errors }: Problem): Html {
  return html`<div class="refusal">
<p><strong>That did not work.</strong> ${title}${detail !== undefined && html`: ${detail}`}</p>
${errors.length > 0 && html`<ul>${errors.map(({ pointer, message }) => html`<li><code>${pointer}</code> ${message}</li>`)}</ul>`}
</div>`
}

function runCard(run: Run, places: Places): Html {
  return html`<article class="run">
<div class="run-head"><h4>Journey <code>${run.journey}</code></h4> ${pill(run.state)}</div>
${run.path.length === 0 ? html`<p class="quiet">The run has just begun.</p>` : pathOf(run)}
<p class="doors"><a href="/runs/${run.id}">Details of this run</a> ${temporal(places, run.workflowId)}</p>
</article>`
}

/** The steps of a run, with the outcome and reason of each. */
export function pathOf(run: Run): Html {
  return html`<ol class="path">
${run.path.map(({ step, outcome, reason }) => {
  const why = reason === null || reason === undefined ? undefined : reasonInWords(reason)
  const until =
    outcome === 'waiting' && run.waitingFor?.step === step ? (run.waitingFor.until ?? undefined) : undefined
  return html`<li class="${toneOf(outcome)}">
<span><code>${step}</code> ${outcomeInWords(outcome)}${until !== undefined && html` until ${clock(until)}`}${reason && html`: <b>${reason}</b>`}</span>
${why !== undefined && html`<span class="why">${why}</span>`}
</li>`
})}
</ol>`
}

function temporal({ temporalUi }: Places, workflowId: string): Html | null {
  if (temporalUi === '') return null
  return outward(
    `${temporalUi.replace(/\/+$/, '')}/namespaces/default/workflows/${encodeURIComponent(workflowId)}`,
    'In the Temporal UI',
  )
}

export function pill(state: string): Html {
  return html`<span class="pill ${toneOf(state)}">${state}</span>`
}

/** @param at RFC 3339 in UTC */
export function clock(at: string): Html {
  return html`<time datetime="${at}">${at.slice(11, 19)} UTC</time>`
}
