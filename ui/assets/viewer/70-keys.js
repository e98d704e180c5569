// Keys, as reading rooms have them; they work while the picture has the keyboard.
const PAGES = {ArrowUp: 1, ArrowRight: 1, ArrowDown: -1, ArrowLeft: -1, PageUp: 10, PageDown: -10};
const PLANES = {a: 'axial', c: 'coronal', s: 'sagittal'};
const LAYOUTS = {l: 'three', p: 'prior', d: 'solid'};

stage.addEventListener('keydown', (event) => {
  if (!state.case) return;
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  if (key === 'z' && (event.ctrlKey || event.metaKey)) { event.preventDefault(); undo(); return; }
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const larger = {'+': 1.25, '=': 1.25, '-': 0.8, '0': 1 / MOST}[key];
  const tool = Object.keys(TOOLS).find((name) => TOOLS[name][1] && TOOLS[name][1] === key);
  if (key in PAGES) { event.preventDefault(); go(look.slices[look.plane] + PAGES[key]); }
  else if (larger) panes.forEach((p) => p.enlarge(larger, 0, 0));
  else if (key in PLANES) setPlane(PLANES[key]);
  else if (key in LAYOUTS) setLayout(look.layout === LAYOUTS[key] ? 'one' : LAYOUTS[key]);
  else if (tool) choose(tool);
  else if (/^[1-9]$/.test(key) && state.windows[Number(key) - 1]) preset(state.windows[Number(key) - 1].name);
  else if (key === 'o') find('.sw-drawn').click();
  else if (key === 'u') undo();
  else if (key === '[' || key === ']') { look.brush = Math.max(0.5, Math.min(40, look.brush * (key === ']' ? 1.25 : 0.8))); say('Brush ' + look.brush.toFixed(1) + ' ' + state.scale); panes.forEach(paintOver); }
  else if (key === 'j' || key === 'k') neighbour(key === 'j' ? 1 : -1);
  else if (key === 'y' && focused()) act('judge', {lesion: state.focus, status: 'accepted', reason: ''});
  else if (key === 'Escape') { look.begun = null; held = null; look.cross = null; panes.forEach(paintOver); }
});
function undo() { if (!state.busy) { busy(true); act('undo', {}); } }
function preset(name) { look.window = name; look.free = null; controls(); panes.forEach((p) => p.draw()); }
function neighbour(step) {
  const there = state.lesions.map((l) => l.number), at = there.indexOf(state.focus);
  if (there.length) act('focus', {lesion: there[(at + step + there.length) % there.length]});
}
