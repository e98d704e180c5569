// Pages through slices that the server draws, and tells the server where the reader clicked.
// It is given `element`, `props`, `trigger` and `watch`, and keeps nothing that the server does not know but
// which slice and window are on the screen.
const find = (name) => element.querySelector(name);
const section = find('.sw-view'), stage = find('.sw-stage'), picture = find('.sw-picture');
const mark = find('.sw-mark'), slider = find('input[type=range]'), output = find('output');
const KEPT = 80;        // slices kept in memory, a few hundred kilobytes each
const AHEAD = 3;        // slices fetched ahead on either side
let state = {case: null}, seen = {}, look = {plane: null, window: null, slices: {}};
let wanted = null, loading = false, marked = null;
let zoom = 1, shift = [0, 0], drag = null;
const MOST = 8;         // times enlarged
const cache = new Map();

const make = (tag, text, attributes) => {
  const made = document.createElement(tag);
  if (text) made.textContent = text;
  for (const name in attributes || {}) made.setAttribute(name, attributes[name]);
  return made;
};
const address = (plane, index) =>
  '/view/' + state.case + '/' + plane + '/' + index + '.png?window=' + encodeURIComponent(look.window) +
  (find('.sw-drawn').checked ? '' : '&plain=1') + '&v=' + state.stamp;

function fetched(url) {
  if (!cache.has(url)) {
    const image = new Image();
    image.alt = '';
    image.draggable = false;
    const ready = new Promise((done) => { image.onload = () => done(image); image.onerror = () => done(null); });
    image.src = url;
    cache.set(url, ready);
    while (cache.size > KEPT) cache.delete(cache.keys().next().value);
  }
  return cache.get(url);
}

async function draw() {
  wanted = address(look.plane, look.slices[look.plane]);
  if (loading) return;
  loading = true;
  while (wanted) {
    const url = wanted;
    const image = await fetched(url);
    if (wanted === url) wanted = null;
    if (image) { picture.replaceChildren(image); fit(); picture.dataset.shown = url; }
    else { cache.delete(url); }
  }
  loading = false;
  placeMark();
  const index = look.slices[look.plane], count = state.counts[look.plane];
  for (let step = 1; step <= AHEAD; step++)
    for (const near of [index + step, index - step])
      if (near >= 0 && near < count && !wanted) await fetched(address(look.plane, near));
}

// The picture takes the room there is, its own shape kept, enlarged and moved as the reader set it.
function fit() {
  const image = picture.querySelector('img');
  if (!image || !image.naturalWidth) return;
  const scale = zoom * Math.min(stage.clientWidth / image.naturalWidth, stage.clientHeight / image.naturalHeight);
  image.style.width = Math.floor(image.naturalWidth * scale) + 'px';
  image.style.height = Math.floor(image.naturalHeight * scale) + 'px';
  image.style.transform = 'translate(' + shift[0] + 'px, ' + shift[1] + 'px)';
  placeMark();
  // The picture's own letters may be out of sight when it is enlarged; sides must not be.
  const sides = find('.sw-sides'), letters = state.letters[look.plane];
  sides.hidden = zoom === 1 || !letters;
  if (letters) sides.querySelectorAll('b').forEach((b, n) => { b.textContent = letters[n]; });
}

// Enlarge by a factor; what is under (x, y), counted from the middle of the stage, stays there.
function enlarge(factor, x, y) {
  const next = Math.max(1, Math.min(MOST, zoom * factor));
  shift = next === 1 ? [0, 0] : [x - (x - shift[0]) * next / zoom, y - (y - shift[1]) * next / zoom];
  zoom = next;
  fit();
}

function placeMark() {
  const image = picture.querySelector('img');
  mark.hidden = !(marked && image && state.busy && marked.plane === look.plane && marked.index === look.slices[look.plane]);
  if (mark.hidden) return;
  const box = image.getBoundingClientRect(), frame = stage.getBoundingClientRect();
  mark.style.left = box.left - frame.left + marked.across * box.width + 'px';
  mark.style.top = box.top - frame.top + marked.down * box.height + 'px';
}

function go(index) {
  const count = state.counts[look.plane];
  look.slices[look.plane] = Math.max(0, Math.min(count - 1, index));
  slider.max = count - 1;
  slider.value = look.slices[look.plane];
  find('.sw-paging').hidden = count === 1;
  output.textContent = look.plane + ' ' + (look.slices[look.plane] + 1) + ' / ' + count;
  draw();
}

function controls() {
  const planes = find('.sw-planes'), one = Object.keys(state.counts).length === 1;
  planes.hidden = one;
  planes.replaceChildren(...Object.keys(state.counts).map((plane) => make('button', plane, {
    type: 'button', 'data-plane': plane, 'aria-pressed': String(plane === look.plane)})));
  const chosen = find('.sw-window');
  chosen.replaceChildren(...state.windows.map((w) => make('option', w.name + '  ' + w.centre + ' / ' + w.width, {value: w.name})));
  chosen.value = look.window;
  find('.sw-facts summary').textContent = state.facts[0];
  find('.sw-facts ul').replaceChildren(...state.facts.slice(1).concat(state.notes).map((n) => make('li', n)));
  const warning = find('.sw-warning');
  warning.textContent = state.warning;
  warning.hidden = !state.warning;
  const form = find('.sw-unknown');
  form.hidden = !(state.unknown.modality.length || state.unknown.body_part.length);
  for (const name of ['modality', 'body_part']) {
    const list = form.elements[name];
    if (list.options.length !== state.unknown[name].length + 1)
      list.replaceChildren(make('option', 'choose', {value: ''}), ...state.unknown[name].map((v) => make('option', v, {value: v})));
    list.parentElement.hidden = !state.unknown[name].length;
  }
}

function lesions() {
  find('.sw-lesions').replaceChildren(...state.lesions.map((lesion) => {
    const item = make('li', '', {class: lesion.status === 'rejected' ? 'sw-rejected' : ''});
    const button = make('button', '', {type: 'button', 'data-lesion': lesion.number});
    const dot = make('span', String(lesion.number), {class: 'sw-dot'});
    dot.style.background = lesion.colour;
    const said = [lesion.label, lesion.where, lesion.size || (lesion.outlined ? 'not measured' : 'not outlined')];
    if (lesion.status !== 'candidate') said.push(lesion.status);
    button.append(dot, make('span', said.filter(Boolean).join(', ')), make('span', lesion.evidence, {class: 'sw-chip'}));
    item.append(button);
    return item;
  }));
}

function update() {
  let next;
  try { next = JSON.parse(props.value); } catch { return; }
  const other = next.case !== state.case;
  state = next;
  section.hidden = !state.case;
  section.classList.toggle('sw-at-work', Boolean(state.busy));
  find('.sw-busy').hidden = !state.busy;
  if (!state.case) return;
  if (other) { cache.clear(); look = {plane: null, window: null, slices: {}}; marked = null; zoom = 1; shift = [0, 0]; picture.replaceChildren(); }
  const names = state.windows.map((w) => w.name);
  if (other || state.jump !== seen.jump) {
    Object.assign(look.slices, state.look.slices);
    look.plane = state.look.plane || look.plane;
    look.window = state.look.window || look.window;
    seen.jump = state.jump;
  }
  if (!(look.plane in state.counts)) look.plane = Object.keys(state.counts)[0];
  for (const plane in state.counts)
    if (!(plane in look.slices)) look.slices[plane] = Math.floor(state.counts[plane] / 2);
  if (!names.includes(look.window)) look.window = names[0];
  controls();
  lesions();
  go(look.slices[look.plane]);
}

element.addEventListener('click', (event) => {
  const plane = event.target.closest('[data-plane]');
  if (plane) { look.plane = plane.dataset.plane; controls(); go(look.slices[look.plane]); return; }
  const chosen = event.target.closest('[data-lesion]');
  if (chosen) {
    const lesion = state.lesions.find((l) => l.number === Number(chosen.dataset.lesion));
    if (lesion) { Object.assign(look.slices, lesion.slices); go(look.slices[look.plane]); }
    return;
  }
  const image = event.target.closest('.sw-picture img');
  if (image && drag && drag.moved) { drag = null; return; }
  if (image && !state.busy) {
    const box = image.getBoundingClientRect();
    // What is on the screen counts, not what is still on its way.
    const [plane2, index] = picture.dataset.shown.split('/').slice(3, 5);
    marked = {plane: plane2, index: parseInt(index, 10),
      across: (event.clientX - box.left) / box.width, down: (event.clientY - box.top) / box.height};
    state.busy = true;
    section.classList.add('sw-at-work');
    find('.sw-busy').hidden = false;
    placeMark();
    trigger('pick', marked);
  }
});
slider.addEventListener('input', () => go(Number(slider.value)));
find('.sw-window').addEventListener('change', (event) => { look.window = event.target.value; draw(); });
find('.sw-drawn').addEventListener('change', draw);
find('.sw-unknown').addEventListener('submit', (event) => {
  event.preventDefault();
  const form = event.target;
  if (form.elements.modality.value || form.elements.body_part.value)
    trigger('declare', {modality: form.elements.modality.value, body_part: form.elements.body_part.value});
});
let rolled = 0;
stage.addEventListener('wheel', (event) => {
  if (!state.case) return;
  event.preventDefault();
  if (event.ctrlKey) {
    const frame = stage.getBoundingClientRect();
    enlarge(Math.exp(-event.deltaY / 300), event.clientX - frame.left - frame.width / 2, event.clientY - frame.top - frame.height / 2);
    return;
  }
  rolled += event.deltaY;
  const steps = Math.trunc(rolled / 40);
  if (steps) { rolled -= steps * 40; go(look.slices[look.plane] - steps); }
}, {passive: false});
picture.addEventListener('pointerdown', (event) => {
  drag = zoom > 1 ? {x: event.clientX, y: event.clientY, from: shift, moved: false} : null;
});
stage.addEventListener('pointermove', (event) => {
  if (!drag || !event.buttons) return;
  const across = event.clientX - drag.x, down = event.clientY - drag.y;
  drag.moved = drag.moved || Math.hypot(across, down) > 4;
  if (drag.moved) { shift = [drag.from[0] + across, drag.from[1] + down]; fit(); }
});
stage.addEventListener('keydown', (event) => {
  const larger = {'+': 1.25, '=': 1.25, '-': 0.8, '0': 1 / MOST}[event.key];
  if (larger && !event.ctrlKey) { enlarge(larger, 0, 0); return; }
  const step = {ArrowUp: 1, ArrowRight: 1, ArrowDown: -1, ArrowLeft: -1, PageUp: 10, PageDown: -10}[event.key];
  if (event.key === 'o' && state.case) { find('.sw-drawn').click(); return; }
  if (step && state.case) { event.preventDefault(); go(look.slices[look.plane] + step); }
});
new ResizeObserver(fit).observe(stage);
watch('value', update);
update();
