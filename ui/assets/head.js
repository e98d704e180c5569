// Uploads with progress, the notice at first run, the card of keys, the card of one piece of evidence, and the look.
const q = (name) => element.querySelector(name);
const AT_ONCE = 4;      // files on their way at the same time
let abort = null;

async function send(files, role) {
  if (abort || !files.length) return;
  abort = new AbortController();
  const batch = Array.from(crypto.getRandomValues(new Uint8Array(10)), (b) => b.toString(16).padStart(2, '0')).join('');
  const total = files.reduce((sum, f) => sum + f.size, 0) || 1;
  const sent = new Array(files.length).fill(0), box = q('.sw-progress');
  box.hidden = false;
  const tell = () => {
    const share = Math.floor(100 * sent.reduce((a, b) => a + b, 0) / total);
    box.querySelector('progress').value = share;
    box.querySelector('span').textContent = share < 100 ? 'Uploading ' + files.length + (files.length > 1 ? ' files, ' : ' file, ') + share + ' %' : 'Reading';
  };
  let next = 0;
  const worker = async () => {
    while (next < files.length) { const n = next++; await one(files[n], batch, n, (bytes) => { sent[n] = bytes; tell(); }); }
  };
  try {
    tell();
    await Promise.all(Array.from({length: Math.min(AT_ONCE, files.length)}, worker));
    box.querySelector('span').textContent = 'Reading';
    trigger('act', {do: 'arrived', batch: batch, role: role});
    setTimeout(() => { box.hidden = true; }, 1500);
  } catch (error) {
    box.querySelector('span').textContent = abort.signal.aborted ? 'Upload stopped; nothing was kept.' : String(error.message || error);
    setTimeout(() => { box.hidden = true; }, 8000);
  } finally { abort = null; }
}

function one(file, batch, number, tell) {
  return new Promise((done, fail) => {
    const request = new XMLHttpRequest();
    request.open('POST', '/upload/' + batch + '/' + number + '?name=' + encodeURIComponent(file.name));
    request.upload.onprogress = (event) => tell(event.loaded);
    request.onload = () => {
      if (request.status === 200) { tell(file.size); done(); return; }
      if (request.status === 401) location.assign('/login?ended=1');
      let why = 'The file was not taken (' + request.status + ').';
      try { why = JSON.parse(request.responseText).detail; } catch { /* no text of ours */ }
      fail(new Error(why));
    };
    request.onerror = () => fail(new Error('The connection was lost while uploading. Try again.'));
    abort.signal.addEventListener('abort', () => { request.abort(); fail(new Error('stopped')); });
    request.send(file);
  });
}

async function inside(entry) {
  if (entry.isFile) return [await new Promise((done, fail) => entry.file(done, fail))];
  const reader = entry.createReader(), found = [];
  for (;;) {
    const some = await new Promise((done, fail) => reader.readEntries(done, fail));
    if (!some.length) return found;
    for (const each of some) found.push(...await inside(each));
  }
}

document.addEventListener('dragover', (event) => {
  if (![...event.dataTransfer.types].includes('Files')) return;
  event.preventDefault();
  document.body.classList.add('sw-dropping');
});
document.addEventListener('dragleave', (event) => { if (!event.relatedTarget) document.body.classList.remove('sw-dropping'); });
document.addEventListener('drop', async (event) => {
  document.body.classList.remove('sw-dropping');
  if (![...event.dataTransfer.types].includes('Files')) return;
  event.preventDefault();
  const entries = [...event.dataTransfer.items].map((i) => i.webkitGetAsEntry && i.webkitGetAsEntry()).filter(Boolean);
  const plain = [...event.dataTransfer.files], found = [];
  try { for (const entry of entries) found.push(...await inside(entry)); } catch { /* the plain list is left */ }
  send(found.length ? found : plain, 'current');
});
for (const [name, role] of [['files', 'current'], ['folder', 'current'], ['prior', 'prior']])
  q('.sw-' + name).addEventListener('change', (event) => { send([...event.target.files], role); event.target.value = ''; });
document.addEventListener('change', (event) => {
  if (event.target.matches && event.target.matches('.sw-document')) { send([...event.target.files], 'document'); event.target.value = ''; }
  if (event.target.matches && event.target.matches('.sw-look')) setLook(event.target.value);
});

// What may be pressed anywhere on the page.
document.addEventListener('click', (event) => {
  const near = (name) => event.target.closest && event.target.closest(name);
  const pick = near('[data-pick]');
  if (pick) q('.sw-' + pick.dataset.pick).click();
  if (near('[data-abort]') && abort) abort.abort();
  if (near('[data-help]')) open('.sw-keys');
  if (near('[data-leave]')) leave();
  if (near('[data-close]')) { near('dialog').close(); }
  if (near('[data-close-card]')) q('.sw-card').hidden = true;
  const chip = near('[data-evidence]');
  if (chip) evidence(chip.dataset.evidence);
});
document.addEventListener('keydown', (event) => {
  if (event.key === 'Escape') q('.sw-card').hidden = true;
  if (event.key === '?' && !event.target.closest('input, textarea, select')) open('.sw-keys');
});
function open(name) { if (!q(name).open) q(name).showModal(); }

// Logging out, and a log-in that ended while the page was open.
async function leave() { await plain('/logout', {method: 'POST'}).catch(() => null); location.assign('/login?ended=1'); }
const plain = window.fetch.bind(window);
window.fetch = async (...asked) => {
  const answer = await plain(...asked);
  if (answer.status === 401) location.assign('/login?ended=1');
  return answer;
};

async function evidence(name) {
  document.dispatchEvent(new CustomEvent('sw-evidence', {detail: name}));
  const held = document.body.dataset.case;
  if (!held) return;
  const card = q('.sw-card');
  const answer = await fetch('/evidence/' + held + '/' + encodeURIComponent(name)).catch(() => null);
  card.hidden = false;
  // The server escapes everything that anybody wrote.
  if (answer && answer.ok) card.querySelector('div').innerHTML = (await answer.json()).html;
  else card.querySelector('div').textContent = 'That evidence could not be read. Reload the page.';
}

const kept = (name, value) => { try { return value === undefined ? localStorage.getItem(name) : localStorage.setItem(name, value); } catch { return null; } };
function setLook(look) { document.documentElement.dataset.look = look; kept('sw-look', look); }
setLook(kept('sw-look') || 'dark');
if (!kept('sw-seen')) { open('.sw-first'); q('.sw-first').addEventListener('close', () => kept('sw-seen', 'yes')); }
