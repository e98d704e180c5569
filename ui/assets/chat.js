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
watch('value', follow);
new ResizeObserver(follow).observe(element);
follow();
