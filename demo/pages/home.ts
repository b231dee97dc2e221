/** The shop's page: cart, sign-up form, and below them what Assent did with it. */
import { boxes, introduction } from '../consentForm.ts'
import { type Html, html } from '../html.ts'
import { euros, type Product, products, sum } from '../products.ts'
import type { Visitor } from '../visitors.ts'
import { drawing, ridges } from './art.ts'
import { frame, type Places } from './frame.ts'

/**
 * @param form random id of this rendering
 * @param activity what `activityOf` gives
 */
export function homePage(visitor: Visitor, form: string, places: Places, activity: Html): Html {
  return frame(
    'Northpath Outfitters · a demo of Assent',
    places,
    html`<div class="hero">
${ridges}
<div class="words">
<h1>Gear for the long way round</h1>
<p>A demo of Assent: customer journeys that check consent at the moment they send.</p>
</div>
</div>
<ol class="ways" aria-label="What to try">
<li><strong>Leave the cart</strong> and see why no reminder is sent.</li>
<li><strong>Sign up</strong> for reminders, and confirm in the mailbox.</li>
<li><strong>Leave the cart again</strong>: now the reminder arrives. Or buy something.</li>
</ol>
<div class="counter">
${cart(visitor, form)}
${signUp(visitor)}
</div>
<section class="behind" aria-labelledby="behind">
<div class="behind-head">
<h2 id="behind">Behind the counter</h2>
<a class="refresh" href="/#behind">Refresh</a>
</div>
<div id="activity" data-live="/activity">
${activity}
</div>
</section>`,
  )
}

function cart(visitor: Visitor, form: string): Html {
  const chosen = products.filter(({ key }) => visitor.chosen.includes(key))
  return html`<section class="card" aria-labelledby="cart">
<h2 id="cart">Your cart</h2>
<form method="post" action="/cart/buy" aria-labelledby="cart">
${complaint(visitor, 'cart')}
<input type="hidden" name="form" value="${form}">
<input type="hidden" name="cart" value="${visitor.cart}">
<fieldset class="products">
<legend class="unseen">What is in it</legend>
${products.map((product) => row(product, chosen.includes(product)))}
</fieldset>
<p class="total" data-total hidden>Total <output>${euros(sum(chosen))}</output></p>
${emailField('cart-email', visitor)}
<div class="buttons">
<button class="first" type="submit">Buy now</button>
<button type="submit" formaction="/cart/leave">Leave the cart</button>
</div>
</form>
</section>`
}

function row({ key, name, about, price }: Product, chosen: boolean): Html {
  return html`<label class="product">
${drawing(key)}
<span class="product-words"><span class="product-name">${name}</span><span class="product-about">${about}</span></span>
<span class="product-price">${euros(price)}</span>
<input type="checkbox" name="items" value="${key}" data-price="${price}"${chosen && html` checked`}>
</label>`
}

/** Its boxes are never pre-ticked, whatever the visitor chose before. */
function signUp(visitor: Visitor): Html {
  return html`<section class="card" aria-labelledby="letters">
<h2 id="letters">Letters from the trail</h2>
<form method="post" action="/sign-up" aria-labelledby="letters">
${complaint(visitor, 'sign-up')}
${emailField('letters-email', visitor)}
<div class="field">
<label for="letters-name">First name <span class="quiet">(optional)</span></label>
<input id="letters-name" name="name" type="text" maxlength="80" autocomplete="given-name" value="${visitor.name}">
</div>
<p class="honeypot" aria-hidden="true"><label>Leave this empty <input name="fax" type="text" tabindex="-1" autocomplete="off"></label></p>
<fieldset class="consents">
<legend>${introduction}</legend>
${boxes.map(
  ({ field, name, wording }) => html`<div class="consent">
<input type="checkbox" id="box-${field}" name="ticked" value="${field}" aria-describedby="box-${field}-about">
<div><label for="box-${field}">${name}</label><span id="box-${field}-about">${wording}</span></div>
</div>`,
)}
</fieldset>
<div class="buttons"><button class="first" type="submit">Sign up</button></div>
</form>
</section>`
}

function emailField(id: string, visitor: Visitor): Html {
  return html`<div class="field">
<label for="${id}">E-mail address</label>
<input id="${id}" name="email" type="email" required maxlength="254" autocomplete="email" placeholder="shopper@example.com" value="${visitor.email}">
</div>`
}

function complaint(visitor: Visitor, form: 'cart' | 'sign-up'): Html | null {
  const { complaint } = visitor
  return complaint?.form === form ? html`<p class="complaint" role="alert">${complaint.text}</p>` : null
}
