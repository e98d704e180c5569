// What the server says is shown, and what is pressed around the picture is told to it.
function update() {
  let now;
  try { now = JSON.parse(props.value); } catch { return; }
  const other = now.case !== state.case;
  state = now;
  section.hidden = !state.case;
  document.body.dataset.case = state.case || '';
  busy(state.busy);
  if (!state.case) return;
  if (other) { cache.clear(); if (look.solid) solid(false); look = fresh(); panesBox.dataset.key = ''; }
  if (!state.busy && look.begun && look.begun.kind !== 'hover' && look.begun.kind !== 'ruler') look.begun = null;
  const names = state.windows.map((w) => w.name);
  if (other || state.jump !== seen.jump) {
    Object.assign(look.slices, state.look.slices);
    look.plane = state.look.plane || look.plane;
    if (state.look.window) { look.window = state.look.window; look.free = null; }
    seen.jump = state.jump;
  }
  if (!(look.plane in state.counts)) look.plane = Object.keys(state.counts)[0];
  for (const plane in state.counts)
    if (!(plane in look.slices)) look.slices[plane] = Math.floor(state.counts[plane] / 2);
  if (!names.includes(look.window)) look.window = names[0];
  layout(); controls(); lesions(); redraw();
}

element.addEventListener('click', (event) => {
  const near = (name) => event.target.closest(name);
  if (near('[data-plane]')) setPlane(near('[data-plane]').dataset.plane);
  else if (near('[data-layout]')) setLayout(near('[data-layout]').dataset.layout);
  else if (near('[data-tool]')) choose(near('[data-tool]').dataset.tool);
  else if (near('[data-undo]')) undo();
  else if (near('[data-verdict]')) act('judge', {lesion: state.focus, status: near('[data-verdict]').dataset.verdict, reason: ''});
  else if (near('[data-measure]')) { busy(true); act('measure', {lesion: state.focus}); }
  else if (near('[data-none]')) act('focus', {lesion: 0});
  else if (near('[data-lesion]')) {
    const number = Number(near('[data-lesion]').dataset.lesion);
    goTo(number);
    if (number !== state.focus) act('focus', {lesion: number});
  }
});
element.addEventListener('change', (event) => {
  if (event.target.matches('.sw-reject') && event.target.value) act('judge', {lesion: state.focus, status: 'rejected', reason: event.target.value});
});
slider.addEventListener('input', () => go(Number(slider.value)));
find('.sw-window').addEventListener('change', (event) => { if (event.target.value !== '*') preset(event.target.value); });
find('.sw-drawn').addEventListener('change', () => panes.forEach(paintOver));
find('.sw-opacity').addEventListener('input', () => panes.forEach(paintOver));
find('.sw-unknown').addEventListener('submit', (event) => {
  event.preventDefault();
  const form = event.target;
  if (form.elements.modality.value || form.elements.body_part.value)
    act('declare', {modality: form.elements.modality.value, body_part: form.elements.body_part.value});
});
document.addEventListener('sw-evidence', (event) => {
  if (state.case && event.detail in state.evidence) goTo(state.evidence[event.detail]);
});
new ResizeObserver(() => panes.forEach((p) => p.fit())).observe(stage);
watch('value', update);
update();
