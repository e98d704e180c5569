// Buttons, lists and forms of a panel: each names what it does in `data-do` and brings along what stands in its data.
let order = null;
const given = (node) => {
  const {do: what, sure, ...rest} = node.dataset;
  return {do: what, ...rest};
};
element.addEventListener('click', (event) => {
  const sort = event.target.closest('[data-sort]');
  if (sort) { order = {key: sort.dataset.sort, down: order && order.key === sort.dataset.sort ? !order.down : false}; sorted(); return; }
  const file = event.target.closest('a.sw-download');
  if (file) { event.preventDefault(); downloaded(file); return; }
  const edit = event.target.closest('[data-edit]');
  if (edit) { editing(edit); return; }
  if (event.target.closest('[data-copy]')) { copied(event.target.closest('[data-copy]')); return; }
  const dialog = event.target.closest('[data-dialog]');
  if (dialog) { document.getElementById(dialog.dataset.dialog).showModal(); return; }
  const button = event.target.closest('button[data-do]');
  if (!button || (button.dataset.sure && !window.confirm(button.dataset.sure))) return;
  button.disabled = true;
  setTimeout(() => { button.disabled = false; }, 1500);   // a double click is one
  trigger('act', given(button));
});
element.addEventListener('change', (event) => {
  const node = event.target;
  if (!node.matches('input[data-do], select[data-do]') || !node.value) return;
  trigger('act', {...given(node), [node.name]: node.value});
});
element.addEventListener('submit', (event) => {
  const form = event.target.closest('form');
  if (!form) return;
  event.preventDefault();
  if (form.dataset.statement !== undefined) { finish(form, event.submitter); return; }
  const fields = Object.fromEntries(new FormData(form));
  const around = form.closest('dialog');
  if (around) around.close();
  trigger('act', form.dataset.do === 'context' ? {do: 'context', given: fields} : {do: form.dataset.do, ...fields});
});

// A table is sorted by what stands in its cells' keys; numbers as numbers.
function sorted() {
  const table = element.querySelector('[data-sortable]');
  if (!table || !order) return;
  const heads = [...table.querySelectorAll('th')];
  const column = heads.findIndex((h) => h.querySelector('[data-sort="' + order.key + '"]'));
  if (column < 0) return;
  heads.forEach((h, n) => h.setAttribute('aria-sort', n === column ? (order.down ? 'descending' : 'ascending') : 'none'));
  const key = (row) => row.cells[column].dataset.key || '';
  const rows = [...table.tBodies[0].rows].sort((a, b) => key(a).localeCompare(key(b), undefined, {numeric: true}));
  table.tBodies[0].append(...(order.down ? rows.reverse() : rows));
}

// One sentence of the report is edited where it stands.
function editing(button) {
  const line = button.closest('p'), form = document.createElement('form'), text = document.createElement('textarea');
  form.className = 'sw-editing';
  form.dataset.statement = button.dataset.statement || '';
  form.dataset.section = button.dataset.section || '';
  text.name = 'text';
  text.rows = 3;
  text.setAttribute('aria-label', 'The sentence');
  if (line) {
    const copy = line.cloneNode(true);
    copy.querySelectorAll('button').forEach((b) => b.remove());
    text.value = copy.textContent.trim();
  }
  form.append(text);
  for (const [what, title] of [['save', 'Save'], ...(line ? [['delete', 'Delete']] : []), ['leave', 'Cancel']]) {
    const made = document.createElement('button');
    made.value = what;
    made.textContent = title;
    form.append(made);
  }
  (line || button).after(form);
  if (line) line.hidden = true; else button.hidden = true;
  text.focus();
}
function finish(form, pressed) {
  const what = pressed ? pressed.value : 'save', text = form.elements.text.value.trim();
  const before = form.previousElementSibling;
  if (what !== 'leave' && (text || form.dataset.statement))
    trigger('act', {do: 'edit', statement: form.dataset.statement, section: form.dataset.section, text: what === 'delete' ? '' : text});
  before.hidden = false;
  form.remove();
}

// A file that cannot be made says why, beside the others.
async function downloaded(link) {
  const told = element.querySelector('.sw-told');
  told.textContent = 'Writing ' + link.download;
  const answer = await fetch(link.href + '?told=1').catch(() => null);
  if (!answer || !answer.ok || answer.headers.get('x-absent')) {
    const why = answer ? await answer.json().catch(() => null) : null;
    told.textContent = (why && why.detail) || 'The file could not be fetched. Check the connection.';
    return;
  }
  const made = document.createElement('a');
  made.href = URL.createObjectURL(await answer.blob());
  made.download = link.download;
  made.click();
  setTimeout(() => URL.revokeObjectURL(made.href), 60000);
  told.textContent = '';
}

async function copied(button) {
  const report = element.querySelector('article').cloneNode(true);
  report.querySelectorAll('.sw-downloads, .sw-link, .sw-hint, .sw-version').forEach((n) => n.remove());
  const lines = [...report.querySelectorAll('h2, h3, p, tr')].map((n) => (n.tagName === 'TR' ? [...n.cells].map((c) => c.textContent.trim()).join('  ') : n.textContent.trim()));
  try { await navigator.clipboard.writeText(lines.join('\n')); button.textContent = 'Copied'; }
  catch { button.textContent = 'Not allowed here'; }
  setTimeout(() => { button.textContent = 'Copy text'; }, 2000);
}
watch('value', sorted);
