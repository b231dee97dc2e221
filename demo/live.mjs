/** Keeps the log fresh and the sum right. Without this script there is a link to refresh, and everything else works too. */

const activity = document.querySelector('#activity')
const quickest = 1_500
const slowest = 5_000
let pause = quickest

async function refresh() {
  const answer = await fetch('/activity').catch(() => undefined)
  if (!answer?.ok || activity === null) return
  const text = await answer.text()
  const fresh = document.createElement('template')
  fresh.innerHTML = text
  pause = Math.min(pause * 1.3, slowest)
  // Replaced only where something changed, and not under a reader's fingers: focus inside would be lost.
  if (fresh.innerHTML === shown || activity.contains(document.activeElement)) return
  shown = fresh.innerHTML
  pause = quickest
  activity.replaceChildren(fresh.content)
}

let shown
function later() {
  setTimeout(async () => {
    if (document.visibilityState === 'visible') await refresh()
    later()
  }, pause)
}

if (activity !== null) {
  document.querySelector('.refresh')?.setAttribute('hidden', '')
  addEventListener('focus', () => {
    pause = quickest
    void refresh()
  })
  later()
}

const total = document.querySelector('[data-total]')
const boxes = [...document.querySelectorAll('input[data-price]')]
function reckon() {
  const sum = boxes.reduce((value, box) => value + (box.checked ? Number(box.dataset.price) : 0), 0)
  total.querySelector('output').textContent = `€${sum.toFixed(2)}`
}
if (total !== null) {
  total.hidden = false
  for (const box of boxes) box.addEventListener('change', reckon)
  // A page come back to may have its boxes as they were left.
  addEventListener('pageshow', reckon)
}
