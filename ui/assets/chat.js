// Sends what is pressed in the conversation, and keeps its end in view while the reader has not scrolled up.
element.addEventListener('click', (event) => {
  const button = event.target.closest('button[data-act]');
  if (!button) return;
  const act = button.dataset.act;
  button.closest('.sw-options').querySelectorAll('button').forEach((b) => { b.disabled = true; });
  if (act === 'say') trigger('say', {text: button.dataset.text});
  else trigger('decide', {decision: act});
});
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
