// One pane: a slice of one scan in one plane, its letters, what lies over it, and what is under the pointer.
class Pane {
  constructor(prior, plane) {
    this.prior = prior; this.own = plane;
    this.zoom = 1; this.shift = [0, 0]; this.before = 0; this.wanted = null; this.loading = false; this.marks = null; this.shown = null;
    this.root = make('div', '', {class: 'sw-pane'});
    this.box = make('div', '', {class: 'sw-picture'});
    this.over = make('canvas', '', {class: 'sw-over'});
    this.sides = make('div', '', {class: 'sw-sides', 'aria-hidden': 'true'});
    for (let n = 0; n < 4; n++) this.sides.append(make('b', ''));
    this.caption = make('p', '', {class: 'sw-caption'});
    this.readout = make('p', '', {class: 'sw-readout'});
    this.root.append(this.box, this.over, this.sides, this.caption, this.readout);
    listen(this);
  }
  get plane() { return this.own || look.plane; }
  get index() {
    const here = look.slices[this.plane];
    if (!this.prior) return here;
    const far = source(this.prior), mm = (here - this.base()) * state.step[this.plane];
    return Math.max(0, Math.min(far.counts[this.plane] - 1, Math.round(this.start() + (mm + look.offset) / far.step[this.plane])));
  }
  // Where the two scans are laid side by side: their middles, until the reader shifts one.
  base() { return (state.counts[this.plane] - 1) / 2; }
  start() { return (source(this.prior).counts[this.plane] - 1) / 2; }
  address(index) {
    const w = windowed();
    return '/view/' + state.case + '/' + this.plane + '/' + index + '.png?plain=1&centre=' + w.centre + '&width=' + w.width +
      (this.prior ? '&prior=' + this.prior : '');
  }
  marksAt(index) {
    return '/marks/' + state.case + '/' + this.plane + '/' + index + '.json?v=' + state.stamp + (this.prior ? '&prior=' + this.prior : '');
  }
  async draw() {
    this.wanted = this.index;
    if (this.loading) return;
    this.loading = true;
    while (this.wanted !== null) {
      const index = this.wanted, url = this.address(index);
      const [image, marks] = await Promise.all([fetched(url, picture), this.overlay(index)]);
      if (this.wanted === index && url === this.address(index)) this.wanted = null;
      if (!state.case) break;
      if (image) {
        if (this.image !== image) { this.image = image; this.box.replaceChildren(image); }
        this.marks = marks;
        this.shown = {plane: this.plane, index: index};
        this.box.dataset.shown = url;
        this.fit();
      } else if (this.wanted === null) { this.caption.textContent = 'This slice could not be read. Reload the page.'; }
    }
    this.loading = false;
    this.ahead();
  }
  // The next slices the way the reader pages are fetched ahead, and the one behind.
  ahead() {
    if (!state.case) return;
    const at = this.index, way = at < this.before ? -1 : 1, count = source(this.prior).counts[this.plane];
    this.before = at;
    for (const near of [...Array.from({length: AHEAD}, (_, n) => at + way * (n + 1)), at - way])
      if (near >= 0 && near < count) { fetched(this.address(near), picture); this.overlay(near); }
  }
  // What lies over a slice; where nothing is drawn at all, nobody is asked.
  overlay(index) { return state.drawn || this.prior ? fetched(this.marksAt(index), json) : Promise.resolve(null); }
  // The picture takes the room there is, its own shape kept, enlarged and moved as the reader set it.
  fit() {
    if (!this.image || !this.image.naturalWidth) return;
    const room = this.root.getBoundingClientRect();
    const scale = this.zoom * Math.min(room.width / this.image.naturalWidth, room.height / this.image.naturalHeight);
    const width = Math.floor(this.image.naturalWidth * scale), height = Math.floor(this.image.naturalHeight * scale);
    this.image.style.width = width + 'px';
    this.image.style.height = height + 'px';
    this.image.style.transform = 'translate(' + this.shift[0] + 'px, ' + this.shift[1] + 'px)';
    this.frame = {left: (room.width - width) / 2 + this.shift[0], top: (room.height - height) / 2 + this.shift[1], width, height};
    // Letters stand at the pane's sides, so that they are in sight however much it is enlarged.
    const letters = source(this.prior).letters[this.plane];
    this.sides.hidden = !letters;
    if (letters) this.sides.querySelectorAll('b').forEach((b, n) => { b.textContent = letters[n]; });
    const far = source(this.prior), of = (this.shown ? this.shown.index + 1 : 0) + ' / ' + far.counts[this.plane];
    this.caption.textContent = (this.prior ? 'Earlier, ' + far.when + '; ' : look.layout === 'prior' ? 'Current; ' : '') + this.plane + ' ' + of;
    paintOver(this);
  }
  enlarge(factor, x, y) {
    const next = Math.max(1, Math.min(MOST, this.zoom * factor));
    this.shift = next === 1 ? [0, 0] : [x - (x - this.shift[0]) * next / this.zoom, y - (y - this.shift[1]) * next / this.zoom];
    this.zoom = next;
    this.fit();
  }
  // Where an event is in the picture, as fractions of its width and height; null outside.
  place(event) {
    if (!this.frame) return null;
    const room = this.root.getBoundingClientRect();
    const across = (event.clientX - room.left - this.frame.left) / this.frame.width;
    const down = (event.clientY - room.top - this.frame.top) / this.frame.height;
    return across >= 0 && across <= 1 && down >= 0 && down <= 1 ? {across, down} : null;
  }
  at(place) { return [this.frame.left + place[0] * this.frame.width, this.frame.top + place[1] * this.frame.height]; }
}
