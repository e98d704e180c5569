// The viewer: slices that the server draws, what lies over them drawn here, and where the reader points, told to the
// server. Given `element`, `props`, `trigger` and `watch`. It keeps nothing but what is on the screen.
const find = (name) => element.querySelector(name);
const section = find('.sw-view'), stage = find('.sw-stage'), panesBox = find('.sw-panes');
const slider = find('.sw-paging input'), output = find('.sw-paging output');
const KEPT = 120;       // pictures kept in memory, a few hundred kilobytes each
const AHEAD = 3;        // slices fetched ahead on either side
const MOST = 8;         // times enlarged
const LATE_MS = 120000; // until an answer is overdue
const MOVED = 4;        // pixels from where a press is a drag
let state = {case: null}, seen = {};
let look = fresh();
const cache = new Map();

function fresh() {
  return {plane: null, slices: {}, window: null, free: null, layout: 'one', tool: 'outline', brush: 4, prior: 0,
    offset: 0, cross: null, begun: null, solid: false};
}
const make = (tag, text, attributes) => {
  const made = document.createElement(tag);
  if (text) made.textContent = text;
  for (const name in attributes || {}) made.setAttribute(name, attributes[name]);
  return made;
};
const act = (what, given) => {
  if (!state.locked || what === 'focus') { trigger('act', {do: what, ...given}); return; }
  busy(false); look.begun = null; say('You may look at this case only; nothing was done.');
};
const source = (number) => (number ? state.priors.find((p) => p.number === number) : state);
const focused = () => state.lesions.find((l) => l.number === state.focus);
const colourOf = (number) => (state.lesions.find((l) => l.number === number) || {}).colour;

// What the window is now: free, or the preset's.
function windowed() {
  if (look.free) return look.free;
  const held = state.windows.find((w) => w.name === look.window) || state.windows[0];
  return {centre: held.centre, width: held.width};
}
function fetched(url, read) {
  if (!cache.has(url)) {
    cache.set(url, read(url).catch(() => null));
    while (cache.size > KEPT) cache.delete(cache.keys().next().value);
  }
  const held = cache.get(url);
  held.then((value) => { if (value === null) cache.delete(url); });
  return held;
}
const picture = (url) => new Promise((done, fail) => {
  const image = new Image();
  image.alt = '';
  image.draggable = false;
  image.onload = () => done(image);
  image.onerror = fail;
  image.src = url;
});
const json = async (url) => { const answer = await fetch(url); if (!answer.ok) throw new Error(url); return answer.json(); };

// While an act is on its way the viewer says so, and takes no other; an answer that never comes is told.
let overdue = null;
function busy(on) {
  state.busy = on;
  clearTimeout(overdue);
  if (on) overdue = setTimeout(() => { busy(false); say('No answer yet. Check the connection, and reload the page if it stays so.'); }, LATE_MS);
  section.classList.toggle('sw-at-work', Boolean(on));
  find('.sw-busy').hidden = !on;
}
