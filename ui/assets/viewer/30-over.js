// What lies over a slice, drawn at the screen's own resolution: fills, contours, calipers, crosshair, what is begun.
const CALIPER = '#fff4d6', CROSS = '#8fc7bd';

function paintOver(pane) {
  const canvas = pane.over, room = pane.root.getBoundingClientRect(), ratio = window.devicePixelRatio || 1;
  canvas.width = Math.max(1, Math.round(room.width * ratio));
  canvas.height = Math.max(1, Math.round(room.height * ratio));
  const pen = canvas.getContext('2d');
  pen.scale(ratio, ratio);
  pen.lineCap = 'round';
  canvas.dataset.outlines = '0';
  if (pane.marks && pane.frame && find('.sw-drawn').checked) {
    for (const outline of pane.marks.outlines) contour(pen, pane, outline);
    for (const line of pane.marks.lines) caliper(pen, pane, line.ends, line.label);
    canvas.dataset.outlines = String(pane.marks.outlines.length);
  }
  if (pane.frame) { crosshair(pen, pane); begun(pen, pane); }
}

function contour(pen, pane, outline) {
  const colour = colourOf(outline.lesion) || outline.colour, opacity = Number(find('.sw-opacity').value) / 100;
  const {left, top, width, height} = pane.frame, cell = [width / pane.marks.columns, height / pane.marks.rows];
  pen.fillStyle = colour;
  pen.globalAlpha = opacity;
  if (opacity > 0) for (const [row, from, to] of outline.runs)
    pen.fillRect(left + from * cell[0], top + row * cell[1], (to - from) * cell[0] + 0.5, cell[1] + 0.5);
  pen.globalAlpha = 1;
  pen.strokeStyle = colour;
  pen.lineWidth = outline.lesion === state.focus ? 2 : 1.3;
  pen.beginPath();
  let right = 0, high = Infinity;
  const drawn = outline.beside ? outline.lines.filter((_, n) => n % 2) : outline.lines; // another tool's: broken
  for (const [x1, y1, x2, y2] of drawn) {
    const a = pane.at([x1, y1]), b = pane.at([x2, y2]);
    pen.moveTo(a[0], a[1]); pen.lineTo(b[0], b[1]);
    right = Math.max(right, a[0], b[0]); high = Math.min(high, a[1], b[1]);
  }
  pen.stroke();
  if (outline.lesion !== null && !outline.beside) words(pen, String(outline.lesion), right + 4, high - 2, colour, 'left', 15);
}

function caliper(pen, pane, ends, label) {
  const [a, b] = ends.map((e) => pane.at(e)), length = Math.hypot(b[0] - a[0], b[1] - a[1]) || 1;
  const tick = [-(b[1] - a[1]) / length * 5, (b[0] - a[0]) / length * 5];
  for (const [colour, width] of [['#000', 3], [CALIPER, 1.2]]) {
    pen.strokeStyle = colour;
    pen.lineWidth = width;
    pen.beginPath();
    pen.moveTo(...a); pen.lineTo(...b);
    for (const end of [a, b]) { pen.moveTo(end[0] - tick[0], end[1] - tick[1]); pen.lineTo(end[0] + tick[0], end[1] + tick[1]); }
    pen.stroke();
  }
  const low = a[1] > b[1] ? a : b;
  if (label) words(pen, label, low[0], low[1] + 20, CALIPER, 'center', 13);
}

function crosshair(pen, pane) {
  if (!look.cross || pane.prior || !look.cross[pane.plane]) return;
  const [across, down] = look.cross[pane.plane], [x, y] = pane.at([across, down]), f = pane.frame, gap = 12;
  pen.strokeStyle = CROSS;
  pen.lineWidth = 1;
  pen.beginPath();
  for (const [x1, y1, x2, y2] of [[f.left, y, x - gap, y], [x + gap, y, f.left + f.width, y], [x, f.top, x, y - gap], [x, y + gap, x, f.top + f.height]]) {
    pen.moveTo(x1, y1); pen.lineTo(x2, y2);
  }
  pen.stroke();
}

// What the reader has begun and not ended: a box, a ruler, a stroke, the brush's own size, a click on its way.
function begun(pen, pane) {
  const b = look.begun;
  if (!b || b.pane !== pane) return;
  const from = b.from && pane.at([b.from.across, b.from.down]), to = b.to && pane.at([b.to.across, b.to.down]);
  pen.strokeStyle = '#e6bd72';
  pen.lineWidth = 1.5;
  if (b.kind === 'box' && to) pen.strokeRect(from[0], from[1], to[0] - from[0], to[1] - from[1]);
  if (b.kind === 'ruler' && to) caliper(pen, pane, [[b.from.across, b.from.down], [b.to.across, b.to.down]], '');
  if (b.kind === 'stroke' || b.kind === 'hover') {
    const radius = brushPixels(pane), path = b.kind === 'stroke' ? b.path : [[b.to.across, b.to.down]];
    pen.globalAlpha = b.kind === 'stroke' ? 0.45 : 1;
    pen.lineJoin = 'round';
    if (b.kind === 'stroke') {
      pen.strokeStyle = b.erase ? '#eb9a8c' : '#e6bd72';
      pen.lineWidth = 2 * radius;
      pen.beginPath();
      path.forEach((p, n) => { const at = pane.at(p); if (n) pen.lineTo(...at); else { pen.moveTo(...at); pen.lineTo(at[0] + 0.1, at[1]); } });
      pen.stroke();
    } else { pen.beginPath(); pen.arc(...pane.at(path[0]), radius, 0, 2 * Math.PI); pen.stroke(); }
    pen.globalAlpha = 1;
  }
  if (b.kind === 'click') { pen.beginPath(); pen.arc(from[0], from[1], 7, 0, 2 * Math.PI); pen.stroke(); }
}
const brushPixels = (pane) => look.brush * pane.frame.width / source(pane.prior).width_mm[pane.plane];

function words(pen, text, x, y, colour, align, size) {
  pen.font = size + 'px ui-sans-serif, system-ui, sans-serif';
  pen.textAlign = align;
  pen.lineWidth = 3;
  pen.strokeStyle = '#000';
  pen.strokeText(text, x, y);
  pen.fillStyle = colour;
  pen.fillText(text, x, y);
}
