// Sends what is pressed in the conversation, and keeps its end in view while the reader has not scrolled up.
element.addEventListener('click', (event) => {
  const button = event.target.closest('button[data-act]');
  if (!button) return;
  const act = button.dataset.act;
  if (act === 'edit') { edit(button.dataset.text); return; }
  const group = button.closest('.sw-options, .sw-again');
  if (group) group.querySelectorAll('button').forEach((b) => { b.disabled = true; });
  if (act === 'say') trigger('act', {do: 'say', text: button.dataset.text});
  else trigger('act', {do: 'decide', decision: act});
});
// The last message goes back into the box, to be changed and sent again.
function edit(text) {
  const box = document.querySelector('#sw-text textarea');
  Object.getOwnPropertyDescriptor(HTMLTextAreaElement.prototype, 'value').set.call(box, text);
  box.dispatchEvent(new Event('input', {bubbles: true}));
  box.focus();
}
let atEnd = true;
const log = () => element.querySelector('.sw-log');
element.addEventListener('scroll', () => {
  const box = log();
  if (box) atEnd = box.scrollHeight - box.scrollTop - box.clientHeight < 60;
}, true);
const follow = () => { const box = log(); if (box && atEnd) box.scrollTop = box.scrollHeight; };
// Where the reader only looks, nothing can be typed, and the box says why.
function lock() {
  const box = document.querySelector('#sw-text textarea'), send = document.querySelector('#sw-send'), held = log();
  const why = held ? held.dataset.locked : '';
  if (!box || !held) return;
  box.dataset.open = box.dataset.open || box.placeholder;
  box.disabled = Boolean(why);
  box.placeholder = why || box.dataset.open;
  box.title = why;
  if (send) send.disabled = Boolean(why);
  document.body.toggleAttribute('data-locked', Boolean(why));
}
watch('value', () => { follow(); lock(); });
new ResizeObserver(follow).observe(element);
follow();
