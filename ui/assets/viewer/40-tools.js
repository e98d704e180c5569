// Tools: what a press, a drag and a wheel mean in a pane.
const TOOLS = {
  outline: ['Outline', 'n', 'Click a lesion to outline and measure it. Shift adds, Alt leaves out.', 'M12 3a9 9 0 1 0 9 9M12 8v8M8 12h8'],
  box: ['Box', 'b', 'Draw a box around a lesion.', 'M5 5h14v14H5z'],
  add: ['Add', '', 'Click what belongs to the lesion in focus.', 'M12 5v14M5 12h14'],
  cut: ['Leave out', '', 'Click what must be left out of the lesion in focus.', 'M5 12h14'],
  brush: ['Brush', 'g', 'Paint on the lesion in focus, or a new one.', 'M4 20c4 0 5-2 5-4l9-10 2 2-10 9c-2 0-3 1-3 3z'],
  eraser: ['Eraser', 'e', 'Erase from the lesion in focus.', 'M4 16l9-10 6 5-8 9H8zM9 11l6 5'],
  ruler: ['Ruler', 'r', 'Two clicks measure a length.', 'M4 17L17 4l3 3L7 20zM8 13l2 2M11 10l2 2M14 7l2 2'],
  cross: ['Crosshair', 'x', 'Point: the other planes follow; value and position are shown.', 'M12 3v6M12 15v6M3 12h6M15 12h6'],
  window: ['Window', 'w', 'Drag: left and right the width, up and down the centre.', 'M12 4a8 8 0 1 0 0 16zM12 4a8 8 0 0 1 0 16'],
  move: ['Move', 'h', 'Drag the picture.', 'M12 3v18M3 12h18M9 6l3-3 3 3M9 18l3 3 3-3M6 9l-3 3 3 3M18 9l3 3-3 3'],
};
const STROKES = {brush: false, eraser: true};

function choose(tool) { look.tool = tool; look.begun = null; toolbar(); panes.forEach(paintOver); }

function listen(pane) {
  const box = pane.root;
  box.addEventListener('contextmenu', (event) => event.preventDefault());
  box.addEventListener('pointerdown', (event) => press(pane, event));
  box.addEventListener('pointermove', (event) => motion(pane, event));
  box.addEventListener('pointerup', (event) => release(pane, event));
  box.addEventListener('pointerleave', () => { if (look.begun && look.begun.kind === 'hover') { look.begun = null; paintOver(pane); } });
  box.addEventListener('wheel', (event) => wheel(pane, event), {passive: false});
}

let held = null;    // what is pressed: its kind, where it began
function press(pane, event) {
  if (!state.case) return;
  stage.focus({preventScroll: true});
  const place = pane.place(event), start = {pane, x: event.clientX, y: event.clientY, moved: false, place};
  if (event.button === 2 || (event.button === 0 && look.tool === 'window')) held = {...start, kind: 'window', was: windowed()};
  else if (event.button === 1 || look.tool === 'move') held = {...start, kind: 'move', was: pane.shift};
  else if (event.button !== 0 || !place || (pane.prior && look.tool !== 'outline')) return;
  else if (look.tool === 'box') { held = {...start, kind: 'box'}; look.begun = {kind: 'box', pane, from: place, to: place}; }
  else if (look.tool in STROKES) {
    if (state.busy) return;
    held = {...start, kind: 'stroke'};
    look.begun = {kind: 'stroke', pane, erase: STROKES[look.tool], path: [[place.across, place.down]], to: place};
  } else if (look.tool === 'cross') { held = {...start, kind: 'cross'}; point(pane, place); }
  else held = {...start, kind: look.tool, was: pane.shift};
  box_capture(pane, event);
  paintOver(pane);
}
function box_capture(pane, event) { try { pane.root.setPointerCapture(event.pointerId); } catch { /* a pointer that is gone */ } }

function motion(pane, event) {
  const place = pane.place(event);
  if (place && !event.buttons) ask(pane, place);
  if (!held || held.pane !== pane) { hover(pane, place); return; }
  const across = event.clientX - held.x, down = event.clientY - held.y;
  held.moved = held.moved || Math.hypot(across, down) > MOVED;
  if (!held.moved) return;
  if (held.kind === 'window') {
    // As reading rooms have it: right widens, up raises the centre; a pane's width is about one range.
    const scale = Math.max(1, held.was.width) / 300;
    look.free = {centre: Math.round(held.was.centre - down * scale), width: Math.max(1, Math.round(held.was.width + across * scale))};
    controls();
    panes.forEach((p) => p.draw());
  } else if (held.kind === 'move' || (held.kind === 'outline' && pane.zoom > 1)) {
    pane.shift = [held.was[0] + across, held.was[1] + down];
    pane.fit();
  } else if (held.kind === 'cross' && place) point(pane, place);
  else if (held.kind === 'box' && place) { look.begun.to = place; paintOver(pane); }
  else if (held.kind === 'stroke' && place) { look.begun.path.push([place.across, place.down]); look.begun.to = place; paintOver(pane); }
}
function hover(pane, place) {
  if (look.begun && look.begun.kind === 'ruler' && look.begun.pane === pane && place) { look.begun.to = place; paintOver(pane); }
  if (look.tool in STROKES && place && !pane.prior && (!look.begun || look.begun.kind === 'hover')) {
    look.begun = {kind: 'hover', pane, to: place};
    paintOver(pane);
  }
}

function release(pane, event) {
  const was = held;
  held = null;
  if (!was || was.pane !== pane || !pane.shown) return;
  const place = pane.place(event), shown = {plane: pane.shown.plane, index: pane.shown.index};
  const span = (a, b) => ({...shown, left: a.across, top: a.down, right: b.across, bottom: b.down});
  if (was.kind === 'box') {
    const b = look.begun;
    look.begun = null;
    if (was.moved && b && !state.busy) { busy(true); act('box', span(b.from, b.to)); } else paintOver(pane);
  } else if (was.kind === 'stroke') {
    const b = look.begun;
    if (b) { busy(true); act('paint', {...shown, lesion: state.focus || 0, path: b.path, radius: look.brush, erase: b.erase}); }
  } else if (was.kind === 'ruler' && place) ruler(pane, place, was, span);
  else if (['outline', 'add', 'cut'].includes(was.kind) && place && !was.moved && !pane.prior) clicked(pane, place, event, was.kind, shown);
}

function ruler(pane, place, was, span) {
  const b = look.begun;
  if (b && b.kind === 'ruler' && b.pane === pane) { look.begun = null; act('ruler', span(b.from, place)); }
  else if (was.moved) { look.begun = null; act('ruler', span(was.place, place)); }
  else { look.begun = {kind: 'ruler', pane, from: place, to: place}; paintOver(pane); }
}

function clicked(pane, place, event, tool, shown) {
  if (state.busy) return;
  const adds = tool === 'add' || event.shiftKey, cuts = tool === 'cut' || event.altKey;
  if ((adds || cuts) && !state.focus) { say('Choose a lesion first: click its number below the picture.'); return; }
  busy(true);
  look.begun = {kind: 'click', pane, from: place};
  paintOver(pane);
  if (adds || cuts) act('refine', {...shown, ...place, lesion: state.focus, keep: !cuts});
  else act('pick', {...shown, ...place});
}
function say(text) { const box = find('.sw-busy'); box.textContent = text; box.hidden = false; setTimeout(() => { box.textContent = 'Working'; box.hidden = !state.busy; }, 3500); }

let rolled = 0;
function wheel(pane, event) {
  if (!state.case) return;
  event.preventDefault();
  if (event.ctrlKey) {
    const room = pane.root.getBoundingClientRect();
    pane.enlarge(Math.exp(-event.deltaY / 300), event.clientX - room.left - room.width / 2, event.clientY - room.top - room.height / 2);
    return;
  }
  rolled += event.deltaY;
  const steps = Math.trunc(rolled / 40);
  if (!steps) return;
  rolled -= steps * 40;
  if (pane.prior && event.shiftKey) { look.offset -= steps * source(pane.prior).step[pane.plane]; pane.draw(); return; }
  go(look.slices[pane.plane] - steps, pane.plane);
}

// What is under the pointer: asked one at a time, the last place wins.
let asking = false, next = null;
async function ask(pane, place) {
  next = [pane, place];
  if (asking) return;
  asking = true;
  while (next) {
    const [p, where] = next;
    next = null;
    if (!p.shown || !state.case) break;
    const url = '/probe/' + state.case + '/' + p.shown.plane + '/' + p.shown.index + '.json?across=' + where.across + '&down=' + where.down + (p.prior ? '&prior=' + p.prior : '');
    const found = await json(url).catch(() => null);
    if (found) tell(p, found);
  }
  asking = false;
}
function tell(pane, found) {
  const sides = ['RL', 'AP', 'SI'];
  const where = found.mm ? found.mm.map((v, n) => sides[n][v < 0 ? 1 : 0] + ' ' + Math.abs(v).toFixed(1)).join('  ') + ' mm' : '';
  pane.readout.textContent = [found.value === undefined ? '' : found.value + (state.unit ? ' ' + state.unit : ''), where].filter(Boolean).join('   ');
}
async function point(pane, place) {
  if (!pane.shown || pane.prior) return;
  const url = '/probe/' + state.case + '/' + pane.shown.plane + '/' + pane.shown.index + '.json?across=' + place.across + '&down=' + place.down;
  const found = await json(url).catch(() => null);
  if (!found || !found.slices) return;
  tell(pane, found);
  look.cross = crossOf(pane, place, found.slices);
  for (const plane in found.slices) if (plane !== pane.plane) go(found.slices[plane], plane, true);
  panes.forEach(paintOver);
}
// The slices that cross at a point say where its lines lie in the other planes.
function crossOf(pane, place, slices) {
  const part = (plane, flip) => { const v = (slices[plane] + 0.5) / state.counts[plane]; return flip ? 1 - v : v; };
  const made = {};
  if ('axial' in slices && 'coronal' in slices && 'sagittal' in slices) {
    made.axial = [part('sagittal', true), part('coronal', true)];
    made.coronal = [part('sagittal', true), part('axial', true)];
    made.sagittal = [part('coronal', true), part('axial', true)];
  }
  made[pane.plane] = [place.across, place.down];
  return made;
}
