# ===- page.py - the frame of the report: style and script ------------------------------------=== #
# SPDX-License-Identifier: Apache-2.0
"""One HTML page with everything inside: no font, script or picture comes from elsewhere. Data is JSON in
the page; IR and pictures are deflated and unpacked when they are looked at.
"""

STYLE = """
:root { color-scheme: light dark; --ink: #1c2430; --soft: #5c6675; --line: #d9dee5; --paper: #ffffff; --tint: #f4f6f9;
  --mark: #b4430e; --a: #2b6cb0; --rest: #8090a6; --pick: #e6effa; --good: #d9f2df; --bad: #fbdfdc;
  --more: 180,67,14; --less: 43,108,176; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #dfe4ec; --soft: #98a3b3; --line: #343c48; --paper: #14181e; --tint: #1d232c; --mark: #f08a4b; --a: #6cb2f5;
    --rest: #7c8aa0; --pick: #1c2f45; --good: #16361f; --bad: #46201d; --more: 240,138,75; --less: 90,160,240; }
}
* { box-sizing: border-box; }
body { font: 15px/1.5 system-ui, "DejaVu Sans", sans-serif; color: var(--ink); background: var(--paper);
  margin: 0 auto; max-width: 1300px; padding: 24px; }
h1 { font-size: 26px; margin: 0 0 4px; } h2 { font-size: 19px; margin: 40px 0 8px; border-bottom: 1px solid var(--line); }
h3 { font-size: 16px; margin: 24px 0 6px; }
p { max-width: 90ch; margin: 8px 0; overflow-wrap: anywhere; } .soft { color: var(--soft); }
code, pre, .mono { font-family: "DejaVu Sans Mono", ui-monospace, monospace; font-size: 12.5px; }
.cards { display: flex; flex-wrap: wrap; gap: 10px; margin: 16px 0; }
.card { border: 1px solid var(--line); border-radius: 6px; padding: 6px 14px; min-width: 112px; flex: 0 1 auto; }
.card b { display: block; font-size: 21px; } .card span { color: var(--soft); font-size: 13px; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; font-size: 13px; font-variant-numeric: tabular-nums; }
th, td { padding: 4px 9px; text-align: right; white-space: nowrap; vertical-align: top; }
th { cursor: pointer; border-bottom: 2px solid var(--line); font-weight: 600; vertical-align: bottom; }
td { border-bottom: 1px solid var(--line); }
td.left, th.left { text-align: left; } tr.pick { cursor: pointer; } tr.pick:hover td { background: var(--tint); }
#table table { width: 100%; }
tr.default td { background: var(--pick); } tr.wrong td { background: var(--bad); }
tr.open td:first-child { box-shadow: inset 4px 0 var(--mark); }
.tag { background: var(--a); color: var(--paper); border-radius: 3px; padding: 0 5px; margin-right: 6px; font-size: 11px; }
.interval { color: var(--soft); font-size: 11.5px; }
.heat td { min-width: 54px; } .heat th { cursor: default; } .heat th.up { writing-mode: vertical-rl; transform: rotate(180deg);
  text-align: left; padding: 9px 4px; }
.order { white-space: normal; text-align: left; min-width: 300px; width: 99%; }
pre { background: var(--tint); padding: 8px 10px; border-radius: 4px; white-space: pre-wrap; word-break: break-word; margin: 8px 0; }
button { font: inherit; font-size: 13px; padding: 3px 10px; border: 1px solid var(--line); background: var(--paper); color: var(--ink);
  border-radius: 4px; cursor: pointer; }
button.on { background: var(--a); border-color: var(--a); color: var(--paper); }
.steps { display: flex; flex-wrap: wrap; gap: 4px; margin: 8px 0; }
.bars { display: grid; grid-template-columns: max-content max-content 1fr; gap: 4px 12px; align-items: center; font-size: 13px; }
.bars .count { text-align: right; }
.bar { display: flex; height: 20px; border-radius: 3px; overflow: hidden; }
.bar div { overflow: hidden; color: #fff; font-size: 11px; padding: 2px 4px; white-space: nowrap; }
.legend span { display: inline-block; margin-right: 14px; font-size: 12.5px; }
.legend i { display: inline-block; width: 11px; height: 11px; margin-right: 5px; }
.diff { width: 100%; min-width: 720px; table-layout: fixed; } .diff td { text-align: left; white-space: pre-wrap; word-break: break-word;
  font: 11.5px/1.45 "DejaVu Sans Mono", ui-monospace, monospace; vertical-align: top; border: 0; padding: 0 6px; }
.diff td.n { width: 46px; color: var(--soft); text-align: right; } .diff .del { background: var(--bad); } .diff .add { background: var(--good); }
.diff .gap td { background: var(--tint); color: var(--soft); text-align: center; cursor: pointer; }
.pictures { display: flex; gap: 16px; flex-wrap: wrap; } .pictures figure { margin: 0; flex: 1 1 420px; min-width: 0; }
.pictures svg { width: 100%; } .memory rect { stroke: var(--paper); stroke-width: .4; } .memory rect:hover { stroke: var(--ink); stroke-width: 1.5; }
.memory .floats { fill: var(--a); } .memory .rounded { fill: var(--mark); }
figcaption { color: var(--soft); font-size: 13px; }
.plot { max-width: 100%; height: auto; } .plot text { fill: var(--soft); font-size: 12px; } .plot .title { fill: var(--ink); font-size: 13px; }
.plot .grid { stroke: var(--line); } .plot .one { stroke: var(--soft); stroke-dasharray: 2 3; } .plot .front { fill: none; stroke: var(--mark);
  stroke-width: 1.5; stroke-dasharray: 5 3; }
.plot g { cursor: pointer; --dot: var(--rest); } .plot g.best { --dot: var(--mark); } .plot g.default { --dot: var(--a); }
.plot circle { fill: var(--dot); stroke: var(--paper); } .plot g line { stroke: var(--dot); opacity: .6; }
@media (max-width: 700px) {
  body { padding: 12px; } h1 { font-size: 22px; } .card { min-width: 90px; padding: 4px 10px; } .card b { font-size: 17px; }
  th, td { padding: 3px 6px; } .order { white-space: nowrap; }
  .plot { min-width: 640px; } .pictures figure { overflow-x: auto; }
  .bars { grid-template-columns: 1fr max-content; } .bars .bar { grid-column: 1 / 3; margin-bottom: 6px; }
}
"""

SCRIPT = r"""
'use strict';
const data = JSON.parse(document.getElementById('data').textContent);
const $ = id => document.getElementById(id);
const el = (tag, attributes, ...children) => {
  const node = document.createElement(tag);
  for (const [key, value] of Object.entries(attributes || {}))
    if (key.startsWith('on')) node.addEventListener(key.slice(2), value); else node.setAttribute(key, value);
  node.append(...children.filter(child => child !== null));
  return node;
};
const COLOURS = ['#2b6cb0', '#b4430e', '#2f855a', '#805ad5', '#b7791f', '#0f766e', '#be185d', '#475569', '#4d7c0f', '#9f1239',
                 '#0369a1', '#7c2d12', '#155e75', '#6d28d9', '#334155', '#a16207', '#166534', '#9333ea'];
const colour = name => COLOURS[Math.max(0, data.op_names.indexOf(name)) % COLOURS.length];
const number = value => value === null || value === undefined ? '' : typeof value === 'number' ? value.toLocaleString('en') : value;
const cache = new Map();
async function unpack(name) {
  if (cache.has(name)) return cache.get(name);
  const bytes = Uint8Array.from(atob(data.packed[name]), char => char.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream('deflate'));
  const text = await new Response(stream).text();
  cache.set(name, text);
  return text;
}

// The table: sorted by a click on a column. Columns that say the same of all orders are one line above it.
const same = data.columns.filter(column => column.plain && data.rows.length > 1 &&
                                 data.rows.every(row => row[column.key] === data.rows[0][column.key]));
const columns = data.columns.filter(column => !same.includes(column) &&
  (column.key === 'rank' || data.rows.some(row => row[column.key] !== null && row[column.key] !== undefined)));
$('same').textContent = same.length ? 'The same for all: ' + same.map(column => `${column.name} ${number(data.rows[0][column.key])}`).join(', ') + '.' : '';
const LIMIT = 15;
let showAll = false, sorting = {column: data.sort, down: data.sort === 'decode'};
function table() {
  const head = el('tr', {});
  for (const column of columns)
    head.append(el('th', {class: column.left ? 'left' : '', title: column.title || '', onclick: () => {
      sorting = {column: column.key, down: sorting.column === column.key ? !sorting.down : !!column.down}; table();
    }}, column.name + (sorting.column === column.key ? (sorting.down ? ' ▾' : ' ▴') : '')));
  const value = row => { const v = row[sorting.column]; return Array.isArray(v) ? v[0] : v; };
  const rows = [...data.rows].sort((a, b) => {
    const x = value(a), y = value(b);
    if (x === null || x === undefined) return 1;
    if (y === null || y === undefined) return -1;
    return (x < y ? -1 : x > y ? 1 : 0) * (sorting.down ? -1 : 1);
  });
  const body = el('tbody', {});
  rows.slice(0, showAll ? rows.length : LIMIT).forEach((row, index) => {
    const classes = ['pick', row.is_default ? 'default' : '', row.ok ? '' : 'wrong', row.hash === current ? 'open' : ''];
    const line = el('tr', {class: classes.join(' '), onclick: () => open(row.hash)});
    for (const column of columns) {
      const value = row[column.key], cell = el('td', {class: column.left ? (column.key === 'order' ? 'order mono' : 'left mono') : ''});
      if (column.key === 'rank') cell.append(String(index + 1));
      else if (Array.isArray(value)) cell.append(value[0].toFixed(3), el('span', {class: 'interval'}, ` ${value[1].toFixed(3)}–${value[2].toFixed(3)}`));
      else if (column.key === 'order') cell.append(...[row.is_default ? el('span', {class: 'tag'}, 'default') : null,
        row.ok ? null : el('b', {}, `${row.reason}: `), value].filter(part => part));
      else cell.append(number(value));
      line.append(cell);
    }
    body.append(line);
  });
  $('table').replaceChildren(el('table', {}, el('thead', {}, head), body));
  $('more').textContent = showAll ? 'fewer' : `all ${rows.length} rows`;
  $('more').hidden = rows.length <= LIMIT;
}

$('more').addEventListener('click', () => { showAll = !showAll; table(); });

// One order: pipeline, bars, differences, pictures.
let current = null;
function open(hash, step, scroll = true) {
  current = hash;
  table();
  const row = data.rows.find(candidate => candidate.hash === hash), shown = data.shown[hash];
  const box = $('detail');
  box.replaceChildren(el('h2', {}, `Order ${hash.slice(0, 12)}`));
  if (!row.ok) box.append(el('p', {}, el('b', {}, 'Wrong: '), row.reason || ''));
  box.append(el('p', {class: 'soft'}, `${number(row.orders)} legal orders end in this IR. One of them:`),
             el('pre', {id: 'pipeline'}, row.pipeline),
             el('button', {onclick: () => navigator.clipboard && navigator.clipboard.writeText(row.pipeline)}, 'copy'));
  if (!shown) { box.append(el('p', {class: 'soft'}, 'Its IR is not in this page (report --top, or: python3 -m ignis show).')); return; }
  box.append(el('h3', {}, `Ops of ${data.entry} after each pass`), bars(shown));
  if (shown.before) {
    box.append(el('h3', {}, 'Memory, before and after planning'), el('div', {class: 'pictures', id: 'pictures'}));
    for (const [name, text] of [[shown.before, `one buffer each: ${number(shown.before_bytes)} bytes. Blue: floats; orange: rounded activations; dashed: the bound`],
                                [shown.after, `as planned: ${number(shown.after_bytes)} bytes`]])
      unpack(name).then(svg => {
        const figure = el('figure', {});
        figure.innerHTML = svg;
        figure.append(el('figcaption', {}, text));
        $('pictures').append(figure);
      });
  }
  box.append(el('h3', {}, 'IR after each pass'), el('div', {class: 'steps', id: 'steps'}), el('div', {id: 'diff', class: 'wide'}));
  shown.steps.forEach((item, index) => $('steps').append(el('button', {'data-step': index, onclick: () => diff(shown, index)},
    `${index ? index + '. ' : ''}${item.name}`)));
  diff(shown, Math.min(step === undefined ? 1 : step, shown.steps.length - 1));
  if (scroll) box.scrollIntoView();
}
function bars(shown) {
  const most = Math.max(...shown.steps.map(item => Object.values(item.ops).reduce((a, b) => a + b, 0)));
  const grid = el('div', {class: 'bars', id: 'bars'}), used = new Set();
  for (const item of shown.steps) {
    const total = Object.values(item.ops).reduce((a, b) => a + b, 0);
    const bar = el('div', {class: 'bar', style: `width:${100 * total / most}%`});
    for (const name of data.op_names) {
      const count = item.ops[name];
      if (!count) continue;
      used.add(name);
      bar.append(el('div', {style: `background:${colour(name)};flex:${count} 0 0`, title: `${name}: ${count}`}, count > total / 40 ? String(count) : ''));
    }
    grid.append(el('div', {}, item.name), el('div', {class: 'count'}, number(total)), bar);
  }
  const legend = el('p', {class: 'legend'});
  for (const name of data.op_names)
    if (used.has(name)) legend.append(el('span', {}, el('i', {style: `background:${colour(name)}`}), name.replace('ignis.', '')));
  return el('div', {}, grid, legend);
}
// Lines that two texts share, by patience on unique lines and a table where few are left.
function align(a, b) {
  const pairs = [];
  const go = (a0, a1, b0, b1) => {
    while (a0 < a1 && b0 < b1 && a[a0] === b[b0]) pairs.push([a0++, b0++]);
    const tail = [];
    while (a0 < a1 && b0 < b1 && a[a1 - 1] === b[b1 - 1]) tail.push([--a1, --b1]);
    if (a0 < a1 && b0 < b1) {
      const where = new Map();
      for (let i = a0; i < a1; ++i) where.set(a[i], where.has(a[i]) ? -1 : i);
      const there = new Map();
      for (let j = b0; j < b1; ++j) there.set(b[j], there.has(b[j]) ? -1 : j);
      const unique = [];
      for (const [line, i] of where) if (i >= 0 && there.get(line) >= 0) unique.push([i, there.get(line)]);
      const best = [], back = [];
      unique.forEach(([i, j], at) => {
        let low = 0, high = best.length;
        while (low < high) { const middle = (low + high) >> 1; if (unique[best[middle]][1] < j) low = middle + 1; else high = middle; }
        back[at] = low ? best[low - 1] : -1;
        best[low] = at;
      });
      const chain = [];
      for (let at = best.length ? best[best.length - 1] : -1; at >= 0; at = back[at]) chain.push(unique[at]);
      chain.reverse();
      if (chain.length) {
        let x = a0, y = b0;
        for (const [i, j] of chain) { go(x, i, y, j); pairs.push([i, j]); x = i + 1; y = j + 1; }
        go(x, a1, y, b1);
      }
    }
    pairs.push(...tail.reverse());
  };
  go(0, a.length, 0, b.length);
  return pairs;
}
async function diff(shown, index, most = 120) {
  for (const button of $('steps').children) button.classList.toggle('on', Number(button.dataset.step) === index);
  const after = (await unpack(shown.steps[index].ir)).split('\n');
  const before = index ? (await unpack(shown.steps[index - 1].ir)).split('\n') : after;
  // Value numbers shift with every op: compare without them, show with them.
  const plain = lines => lines.map(line => line.replace(/%\w+(:\d+)?(#\d+)?/g, '%'));
  const pairs = align(plain(before), plain(after));
  const body = el('tbody', {});
  const line = (left, right, kind) => body.append(el('tr', {},
    el('td', {class: 'n'}, left === null ? '' : String(left + 1)), el('td', {class: kind && left !== null ? 'del' : ''}, left === null ? '' : before[left]),
    el('td', {class: 'n'}, right === null ? '' : String(right + 1)), el('td', {class: kind && right !== null ? 'add' : ''}, right === null ? '' : after[right])));
  let x = 0, y = 0, changes = 0, same = [];
  const flush = (last) => {
    const keep = 3;
    if (same.length > 2 * keep + 2) {
      const first = same.slice(0, changes ? keep : last ? 120 : 0), end = last ? [] : same.slice(-keep);
      first.forEach(([i, j]) => line(i, j, ''));
      const hidden = same.slice(first.length, same.length - end.length);
      const gap = el('tr', {class: 'gap', onclick: event => {
        const row = event.currentTarget, rows = hidden.map(([i, j]) => el('tr', {},
          el('td', {class: 'n'}, String(i + 1)), el('td', {}, before[i]), el('td', {class: 'n'}, String(j + 1)), el('td', {}, after[j])));
        row.replaceWith(...rows);
      }}, el('td', {colspan: 4}, `${hidden.length} lines alike`));
      if (hidden.length) body.append(gap);
      end.forEach(([i, j]) => line(i, j, ''));
    } else same.forEach(([i, j]) => line(i, j, ''));
    same = [];
  };
  for (const [i, j] of [...pairs, [before.length, after.length]]) {
    if (x < i || y < j) {
      flush(false);
      while (x < i || y < j) { if (changes++ < most) line(x < i ? x : null, y < j ? y : null, 'change'); x = Math.min(x + 1, i); y = Math.min(y + 1, j); }
    }
    if (i < before.length && changes < most) same.push([i, j]);
    x = i + 1; y = j + 1;
  }
  flush(true);
  if (changes > most) body.append(el('tr', {class: 'gap', onclick: () => diff(shown, index, Infinity)}, el('td', {colspan: 4}, `show ${changes - most} more changed lines`)));
  const head = index ? (changes ? `${shown.steps[index - 1].name} | ${shown.steps[index].name}: ${changes} lines differ` :
    `${shown.steps[index].name} changes nothing here`) : 'the import';
  $('diff').replaceChildren(el('p', {class: 'soft', id: 'diffhead'}, head), el('table', {class: 'diff'}, body));
}
table();
for (const point of document.querySelectorAll('[data-hash]')) point.addEventListener('click', () => open(point.dataset.hash));
const wanted = new URLSearchParams(location.hash.slice(1));
if (wanted.has('state')) {
  const row = data.rows.find(candidate => candidate.hash.startsWith(wanted.get('state')));
  if (row) open(row.hash, Number(wanted.get('step') || 1));
} else if (data.rows.length) {
  open((data.rows.find(candidate => candidate.ok && data.shown[candidate.hash]) || data.rows[0]).hash, 1, false);
}
document.body.dataset.ready = 'yes';
"""
