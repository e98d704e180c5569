// What stands around the picture: planes, layouts, windows, tools, the lesion in focus, the list of lesions.
let panes = [];
const icon = (path) => '<svg viewBox="0 0 24 24" width="19" height="19" aria-hidden="true"><path d="' + path + '" fill="none" stroke="currentColor" stroke-width="1.7"/></svg>';

function layout() {
  const planes = Object.keys(state.counts);
  if (look.layout === 'three' && planes.length < 3) look.layout = 'one';
  if (look.layout === 'prior' && !source(look.prior || -1)) look.prior = state.priors.length ? state.priors[state.priors.length - 1].number : 0;
  if (look.layout === 'prior' && !look.prior) look.layout = 'one';
  const wanted = look.layout === 'three' ? [[0, look.plane], ...planes.filter((p) => p !== look.plane).map((p) => [0, p])]
    : look.layout === 'prior' ? [[0, null], [look.prior, null]] : [[0, null]];
  const key = state.case + JSON.stringify(wanted);
  if (panesBox.dataset.key === key) return;
  panesBox.dataset.key = key;
  panesBox.dataset.layout = look.layout;
  panes = wanted.map(([prior, plane]) => new Pane(prior, plane));
  panesBox.replaceChildren(...panes.map((p) => p.root));
}

function button(title, pressed, data, hint) {
  const made = make('button', title, {type: 'button', 'aria-pressed': String(pressed), title: hint || title});
  Object.assign(made.dataset, data);
  return made;
}

function controls() {
  const planes = Object.keys(state.counts), one = planes.length === 1;
  const box = find('.sw-planes'), layouts = find('.sw-layouts');
  box.hidden = layouts.hidden = one;
  keep(box, planes.map((p) => button(p, p === look.plane, {plane: p}, p + ' (' + p[0].toUpperCase() + ')')));
  const shown = [['one', '1', 'One plane'], ['three', '3', 'Three planes (L)'], ...(state.priors.length ? [['prior', 'Prior', 'Earlier study beside (P)']] : []), ['solid', '3-D', '3-D (D)']];
  keep(layouts, shown.map(([name, title, hint]) => button(title, look.solid ? name === 'solid' : name === look.layout, {layout: name}, hint)));
  const chosen = find('.sw-window'), names = state.windows.map((w) => make('option', w.name + '  ' + w.centre + ' / ' + w.width, {value: w.name}));
  if (look.free) names.unshift(make('option', 'free  ' + look.free.centre + ' / ' + look.free.width, {value: '*'}));
  if (document.activeElement !== chosen || look.free) chosen.replaceChildren(...names);
  chosen.value = look.free ? '*' : look.window;
  find('.sw-facts summary').textContent = state.facts[0];
  find('.sw-facts ul').replaceChildren(...state.facts.slice(1).concat(state.notes).map((n) => make('li', n)));
  const warning = find('.sw-warning');
  warning.textContent = state.warning;
  warning.hidden = !state.warning;
  unknown();
  toolbar();
}

// Buttons stay the same elements while they say the same, so that what has the keyboard keeps it.
function keep(box, made) {
  const now = [...box.children];
  if (now.length !== made.length || now.some((b, n) => b.textContent !== made[n].textContent)) { box.replaceChildren(...made); return; }
  now.forEach((b, n) => b.setAttribute('aria-pressed', made[n].getAttribute('aria-pressed')));
}

function unknown() {
  const form = find('.sw-unknown');
  form.hidden = !(state.unknown.modality.length || state.unknown.body_part.length);
  for (const name of ['modality', 'body_part']) {
    const list = form.elements[name];
    if (list.options.length !== state.unknown[name].length + 1)
      list.replaceChildren(make('option', 'choose', {value: ''}), ...state.unknown[name].map((v) => make('option', v, {value: v})));
    list.parentElement.hidden = !state.unknown[name].length;
  }
}

function toolbar() {
  const box = find('.sw-tools');
  if (!box.children.length) {
    for (const name in TOOLS) {
      const [title, key, hint, path] = TOOLS[name];
      const made = make('button', '', {type: 'button', 'aria-label': title, title: title + (key ? ' (' + key.toUpperCase() + ')' : '') + ': ' + hint, 'data-tool': name});
      made.innerHTML = icon(path);
      box.append(made);
    }
    const back = make('button', '', {type: 'button', 'aria-label': 'Take back', title: 'Take the last outline or verdict back (U, Ctrl Z)', 'data-undo': ''});
    back.innerHTML = icon('M9 5L4 10l5 5M4 10h10a5 5 0 0 1 0 10h-3');
    box.append(back);
  }
  box.querySelectorAll('[data-tool]').forEach((b) => b.setAttribute('aria-pressed', String(b.dataset.tool === look.tool)));
  stage.dataset.tool = look.tool;
}

function lesions() {
  find('.sw-lesions').replaceChildren(...state.lesions.map((lesion) => {
    const item = make('li', '', {class: lesion.status === 'rejected' ? 'sw-rejected' : ''});
    const made = make('button', '', {type: 'button', 'data-lesion': lesion.number, 'aria-pressed': String(lesion.number === state.focus)});
    const dot = make('span', String(lesion.number), {class: 'sw-dot'});
    dot.style.background = lesion.colour;
    const said = [lesion.name || lesion.label, lesion.where, lesion.size || (lesion.outlined ? 'not measured' : 'not outlined')];
    if (lesion.status !== 'candidate') said.push(lesion.status + (lesion.reason && lesion.status === 'rejected' ? ': ' + lesion.reason : ''));
    made.append(dot, make('span', said.filter(Boolean).join(', ')));
    item.append(made);
    return item;
  }));
  focusbar();
}

// The lesion in focus: what it measures now and before, and the reader's verdict.
function focusbar() {
  const bar = find('.sw-focusbar'), lesion = focused();
  bar.hidden = !lesion;
  if (!lesion) return;
  const size = lesion.size || (lesion.outlined ? 'not measured' : 'not outlined');
  const text = make('span', 'Lesion ' + lesion.number + ': ' + size, {class: 'sw-size', 'aria-live': 'polite'});
  const parts = [text];
  if (lesion.before) parts.push(make('span', 'before ' + lesion.before, {class: 'sw-soft'}));
  const chip = make('button', lesion.evidence, {type: 'button', class: 'sw-chip', 'data-evidence': lesion.evidence});
  parts.push(chip);
  if (!lesion.outlined) parts.push(make('button', 'Outline', {type: 'button', 'data-measure': ''}));
  const verdict = make('span', '', {class: 'sw-verdict'});
  if (lesion.status === 'rejected') verdict.append(make('button', 'Restore', {type: 'button', 'data-verdict': 'candidate'}));
  else {
    if (lesion.status !== 'accepted') verdict.append(make('button', 'Accept', {type: 'button', 'data-verdict': 'accepted', title: 'Accept (Y)'}));
    const list = make('select', '', {'aria-label': 'Reject lesion ' + lesion.number + ' because it is', class: 'sw-reject'});
    list.append(make('option', 'Reject', {value: ''}), ...state.reasons.concat('other').map((r) => make('option', r, {value: r})));
    verdict.append(list);
  }
  verdict.append(make('button', 'New lesion', {type: 'button', 'data-none': '', title: 'Leave this lesion: the brush paints a new one'}));
  bar.replaceChildren(...parts, verdict);
}

function go(index, plane, quietly) {
  const which = plane || look.plane, count = state.counts[which];
  look.slices[which] = Math.max(0, Math.min(count - 1, index));
  if (!quietly && look.cross && which in look.cross) look.cross = null;
  if (which === look.plane) {
    slider.max = count - 1;
    slider.value = look.slices[which];
    find('.sw-paging').hidden = count === 1;
    output.textContent = which + ' ' + (look.slices[which] + 1) + ' / ' + count;
  }
  panes.filter((p) => p.plane === which).forEach((p) => p.draw());
}
function goTo(number) {
  const lesion = state.lesions.find((l) => l.number === number);
  if (!lesion) return;
  for (const plane in lesion.slices) go(lesion.slices[plane], plane);
}
function setPlane(plane) {
  if (!(plane in state.counts)) return;
  look.plane = plane;
  layout(); controls(); redraw();
}
function setLayout(name) {
  if (name === 'solid') { solid(!look.solid); controls(); return; }
  if (look.solid) solid(false);
  look.layout = name;
  layout(); controls(); redraw();
}
function redraw() { for (const plane in state.counts) go(look.slices[plane], plane, true); }
