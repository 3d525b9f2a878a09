"use strict";
// The page of `make timeline`: one column for each event. Everything that is drawn follows from the step it stands on.

const data = JSON.parse(document.getElementById("data").textContent);
const events = data.events.map((row, n) => {
  const event = { n, ...row[data.columns.length] };
  data.columns.forEach((key, i) => { event[key] = row[i]; });
  return event;
});
const STACK = 16384, LENS = 4096;
const ZOOMS = [3, 6, 10, 16, 24, 34, 48];
const tasks = new Map(data.tasks.map(task => [task.pid, task]));
const moments = new Map(data.story.map((moment, i) => [moment.n, { ...moment, number: i + 1 }]));

const element = id => document.getElementById(id);
const escaped = text => String(text).replace(/[&<>"]/g, c => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" }[c]));
const shownAddress = text => text ?? "unknown";
/** How far an address lies below the top of a task's kernel stack, in bytes. */
const below = (task, address) => Number(BigInt(task.stack_top) - BigInt(address));
const name = pid => pid === null || pid === undefined ? "nobody" : tasks.has(pid) ? tasks.get(pid).name : `pid ${pid}`;
const isEntry = e => e.kind === "syscall-enter" || (e.kind === "interrupt-enter" && e.ring === 3);
const isWrong = (running, stack) => running !== null && stack !== null && running !== stack;

// ---- What follows from the events, computed once ------------------------------------------------------------------

/** A row: its value from each change on. `at(n)` is the value in column n. */
class Row {
  constructor() { this.starts = []; this.values = []; }
  set(n, value) {
    const last = this.values.length - 1;
    if (last >= 0 && JSON.stringify(this.values[last]) === JSON.stringify(value)) return;
    if (this.starts[last] === n) { this.values[last] = value; return; }
    this.starts.push(n);
    this.values.push(value);
  }
  index(n) {
    let low = 0, high = this.starts.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.starts[middle] <= n) low = middle + 1; else high = middle;
    }
    return low - 1;
  }
  at(n) { const i = this.index(n); return i < 0 ? undefined : this.values[i]; }
  /** Calls visit(start, end, value) for what lies between two columns. */
  between(from, to, visit) {
    for (let i = Math.max(0, this.index(from)); i < this.starts.length && this.starts[i] < to; i++)
      visit(Math.max(from, this.starts[i]), Math.min(to, this.starts[i + 1] ?? events.length), this.values[i]);
  }
}

const cpus = [...new Set(events.map(e => e.cpu))].sort((a, b) => a - b);
const rowsOf = make => new Map(cpus.map(cpu => [cpu, make()]));
const runs = rowsOf(() => new Row()), stackOf = rowsOf(() => new Row()), flag = rowsOf(() => new Row());
const published = data.shared_words ? new Map([["all", new Row()]]) : rowsOf(() => new Row());
const activity = new Map(), depth = new Map(), overwritten = new Map();
const rowOf = (map, key) => { if (!map.has(key)) map.set(key, new Row()); return map.get(key); };

/** IF just before an event: ring 3 has interrupts on. */
const flagBefore = e => e.kind === "syscall-enter" ? true : e.kind === "interrupt-enter" ? e.interrupted_if : e.if;
/** For each processor its last event so far. */
const lastOf = new Map();

/** What a task is inside of, outermost first: system calls and interrupts. */
const open = new Map();
/** For the text of a step: the system call that an event ends. */
const ended = new Map();

function follow(e) {
  const onCpu = e.kind === "switch" ? e.to : e.running;
  runs.get(e.cpu).set(e.n, onCpu);
  stackOf.get(e.cpu).set(e.n, e.kind === "switch" ? e.to : e.on_stack_of);
  // A column shows IF as it was until the processor's next event.
  if (lastOf.has(e.cpu)) flag.get(e.cpu).set(lastOf.get(e.cpu), flagBefore(e));
  lastOf.set(e.cpu, e.n);
  published.get(data.shared_words ? "all" : e.cpu).set(e.n, e.published);
  if (e.running === null) return;
  if (!open.has(e.running)) open.set(e.running, []);
  const inside = open.get(e.running);
  if (e.kind === "syscall-enter") inside.push({ label: e.name, what: "syscall" });
  if (e.kind === "interrupt-enter") inside.push({ label: vectorName(e.vector), what: "interrupt", ring: e.ring });
  const ends = { "syscall-leave": "syscall", "interrupt-leave": "interrupt" }[e.kind];
  if (ends && inside.some(i => i.what === ends)) {
    let last;
    do last = inside.pop(); while (last.what !== ends);
    ended.set(e.n, last);
  }
  // exec starts the program anew: the call has no end.
  if (e.kind === "task" && e.change === "execs" && e.pid === e.running) inside.length = 0;
  const doing = pid => (open.get(pid) ?? []).at(-1);
  rowOf(activity, e.running).set(e.n, { runs: e.kind !== "switch", ...doing(e.running) });
  if (e.kind === "switch") rowOf(activity, e.to).set(e.n, { runs: true, ...doing(e.to) });
  if (e.on_stack_of !== null && e.kind !== "task") {
    if (!isWrong(e.running, e.on_stack_of)) rowOf(depth, e.on_stack_of).set(e.n, e.rsp);
    const empty = ends && inside.length === 0 && e.on_stack_of > 0;
    if (empty && e.n + 1 < events.length) rowOf(depth, e.on_stack_of).set(e.n + 1, null);
    if (isWrong(e.running, e.on_stack_of)) {
      const row = rowOf(overwritten, e.on_stack_of), before = row.values.at(-1);
      row.set(e.n, { by: e.running, rsp: before && BigInt(before.rsp) < BigInt(e.rsp) ? before.rsp : e.rsp });
    }
  }
}

function vectorName(vector) {
  const names = { 2: "NMI", 3: "#BP", 6: "#UD", 13: "#GP", 14: "page fault", 32: "tick", 36: "serial line",
    240: "wake-up", 241: "TLB flush" };
  return names[vector] ?? `vector ${vector}`;
}

events.forEach(follow);
for (const [cpu, n] of lastOf) flag.get(cpu).set(n, events[n].if);
/** Whether a program is in ring 3 while the stack published is another task's: its next entry goes there. */
function isTrap(cpu, n) {
  const pid = runs.get(cpu).at(n) ?? null, doing = pid !== null && activity.get(pid)?.at(n);
  const owner = published.get(data.shared_words ? "all" : cpu).at(n) ?? null;
  return doing && doing.runs && !doing.what && pid > 0 && owner !== null && owner !== pid;
}
const first = data.prompt ?? 0;
/** Tasks that did something since the prompt, or whose stacks were published, and their place in the colours. */
const seen = new Set([...published.values()].map(row => row.at(first)));
const shown = [...activity.keys()].filter(pid => seen.has(pid) || activity.get(pid).starts.at(-1) >= first).sort((a, b) => a - b);
const colourOf = new Map([...tasks.keys()].map(pid => [pid, pid <= 0 ? (pid && 8) : 1 + (pid - 1) % 7]));
const fill = pid => pid === null || pid === undefined ? "none" : `url(#task${colourOf.get(pid) ?? 0})`;
const tick = data.story.find(moment => moment.title.startsWith("a tick"));

// ---- Words --------------------------------------------------------------------------------------------------------

function microseconds(counts) {
  if (!data.tsc_per_second) return `${counts} counts of the TSC`;
  const value = counts / data.tsc_per_second * 1e6;
  return value >= 10000 ? `${(value / 1000).toFixed(1)} ms` : `${value.toFixed(value < 10 ? 2 : 0)} µs`;
}

function stackPlace(e) {
  if (e.on_stack_of === null) return "on a stack that belongs to no task";
  const whose = e.on_stack_of === e.running ? "its own kernel stack" : `${name(e.on_stack_of)}'s kernel stack`;
  const task = tasks.get(e.on_stack_of);
  return task?.stack_top && e.rsp ? `on ${whose}, ${below(task, e.rsp)} bytes below the top` : `on ${whose}`;
}

function sentence(e) {
  const who = name(e.running);
  switch (e.kind) {
    case "syscall-enter": return `${who} enters the kernel: system call ${e.number}, ${e.name}.`;
    case "syscall-leave": return `The system call ${ended.get(e.n)?.label ?? ""} of ${who} is done: result ${e.result}.`;
    case "interrupt-enter":
      return `${e.vector === 32 ? "A timer tick" : `An interrupt or exception (${vectorName(e.vector)}, vector ${e.vector})`} ` +
        `interrupts ${who} in ring ${e.ring}, at ${e.at ?? shownAddress(e.rip)}` +
        (e.ring === 0 ? `, where IF was ${e.interrupted_if ? 1 : 0}.` : ".");
    case "interrupt-leave": return `The interrupt (${vectorName(e.vector)}) on ${who} is over: it goes on where it was.`;
    case "publish": return `${who} publishes ${name(e.to)}'s kernel stack: the next entry from ring 3 takes it.`;
    case "switch": return `${name(e.from)} gives the processor to ${name(e.to)}` + (e.if ? ", with interrupts on." : ".");
    case "task": return { begins: `A task begins: ${e.name} (pid ${e.pid}).`, execs: `pid ${e.pid} becomes the program ${e.name}.`,
      ends: `${e.name} (pid ${e.pid}) ends.` }[e.change];
    case "panic": return `The kernel panics at ${shownAddress(e.rip)}` + (e.vector === null ? "." : ` (${vectorName(e.vector)}).`);
  }
  return e.kind;
}

function glyph(e) {
  return { "syscall-enter": "▼", "syscall-leave": "▲", "interrupt-enter": "⚡︎", "interrupt-leave": "△", publish: "⚑",
    switch: "⇄", task: "✳", panic: "✖" }[e.kind];
}

function verdict() {
  if (data.corruption === null)
    return "No task entered the kernel on another task's kernel stack." + (data.panic ? " But the kernel panicked." : "");
  const e = events[data.corruption];
  return `<b>${escaped(name(e.running))} entered the kernel on ${escaped(name(e.on_stack_of))}'s kernel stack</b> ` +
    `(step ${data.corruption})` + (data.panic ? `; ${data.panic.n - data.corruption} steps later ` +
    `${escaped(name(data.panic.pid))} was at ${shownAddress(data.panic.rip)}, and the kernel panicked.` : ".");
}

// ---- Drawing ------------------------------------------------------------------------------------------------------

let step = 0, zoom = 4, from = 0;

/** Each task has a colour and a texture of its own. */
function patterns() {
  const textures = ["", "M0 8L8 0M-2 2L2-2M6 10L10 6", "", "M0 4H8", "M4 0V8", "M2 2h.1M6 6h.1", "M0 0L8 8M-2 6L2 10M6-2L10 2",
    "M0 4H8M4 0V8", "M4 4h.1M0 0h.1M8 0h.1M0 8h.1M8 8h.1"];
  return "<defs>" + textures.map((texture, i) =>
    `<pattern id="task${i}" width="8" height="8" patternUnits="userSpaceOnUse"><rect width="8" height="8" style="fill:var(--t${i})"/>` +
    `<path d="${texture}" style="stroke:var(--ink);stroke-opacity:.22;stroke-width:1.4;stroke-linecap:round;fill:none"/></pattern>`).join("") +
    `<pattern id="wrong" width="9" height="9" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">` +
    `<rect width="9" height="9" style="fill:var(--alarm-paper)"/><path class="stripe" d="M0 0V9"/></pattern></defs>`;
}

const text = (x, y, words, extra = "") => `<text x="${x}" y="${y}" ${extra}>${escaped(words)}</text>`;
const box = (x, y, w, h, extra) => `<rect x="${x}" y="${y}" width="${Math.max(0, w)}" height="${h}" ${extra}/>`;
const line = (x1, y1, x2, y2, kind) => `<line x1="${x1}" y1="${y1}" x2="${x2}" y2="${y2}" class="${kind}"/>`;
/** Words, if they fit into so many pixels. */
const label = (x, y, w, words, extra = "") => w > words.length * 6.6 + 6 ? text(x + 4, y, words, extra) : "";

function view() {
  const width = element("lanes").clientWidth || 600, left = width < 600 ? 78 : 132;
  const size = ZOOMS[zoom], columns = Math.floor((width - left - 2) / size);
  // The columns stay where they are as long as the step and its neighbours can be seen.
  const margin = Math.min(3, Math.floor(columns / 4));
  from = Math.max(Math.min(from, step - margin), step + margin + 1 - columns);
  from = Math.max(0, Math.min(events.length - columns, from));
  return { width, left, size, from, to: Math.min(events.length, from + columns), x: n => left + (n - from) * size };
}

function drawOverview(v) {
  const width = v.width, height = 40, x = n => n / events.length * width;
  let out = "";
  const cell = Math.max(2, width / events.length);
  let last;
  for (let i = 0; i * cell < width; i++) {
    const e = events[Math.min(events.length - 1, Math.floor(i * cell / width * events.length))];
    if (last && last.pid === e.running) { last.w += cell; continue; }
    if (last) out += box(last.x, 12, last.w, 16, `style="fill:${flat(last.pid)}"`);
    last = { x: i * cell, w: cell, pid: e.running };
  }
  if (last) out += box(last.x, 12, last.w, 16, `style="fill:${flat(last.pid)}"`);
  if (data.prompt) out += line(x(data.prompt), 6, x(data.prompt), 34, "saved") +
    text(Math.min(x(data.prompt) + 3, width - 50), 10, "prompt", 'class="small soft"');
  out += box(x(v.from), 9, Math.max(4, x(v.to) - x(v.from)), 22, 'class="view" rx="2"');
  for (const [mark, kind] of [[data.corruption, "corruption"], [data.panic && data.panic.n, "panic"]]) {
    if (mark === null) continue;
    out += `<path d="M${x(mark)} 30l-5 8h10z" class="bead bad"><title>${kind}</title></path>`;
  }
  out += line(x(step + .5), 8, x(step + .5), 32, "rsp");
  element("overview").innerHTML = out;
  element("overview").setAttribute("height", height);
}
const flat = pid => pid === null ? "var(--panel)" : `var(--t${colourOf.get(pid) ?? 0})`;

function drawLanes(v) {
  const parts = [];
  let y = 4;
  const heading = (words, height = 20) => {
    parts.push(text(0, y + 14, words, 'class="head"'), line(0, y - 2, v.width, y - 2, "rule"));
    y += height;
  };
  /** Marks the columns of a row for which something is wrong. */
  const warn = (at, wrong, words) => {
    for (let n = v.from; n < v.to; n++) {
      if (!wrong(n)) continue;
      let stop = n;
      while (stop < v.to && wrong(stop)) stop++;
      const w = (stop - n) * v.size, said = words(n);
      parts.push(box(v.x(n), at + 1, w, 19, 'class="wrong" rx="2" data-wrong="yes"'));
      if (w > said.length * 6.6 + 6) parts.push(box(v.x(n) + 3, at + 3, said.length * 6.6 + 2, 15, 'style="fill:var(--alarm-paper)"'));
      parts.push(label(v.x(n) + 1, at + 15, w, said, 'class="alarm"'));
      n = stop;
    }
  };
  const owners = (title, row, wrong) => {
    parts.push(text(8, y + 15, title, 'class="small soft"'));
    row.between(v.from, v.to, (start, end, pid) => {
      const w = (end - start) * v.size;
      parts.push(box(v.x(start), y + 1, w, 19, `class="box" style="fill:${fill(pid)}" rx="2"`));
      parts.push(label(v.x(start), y + 15, w, name(pid)));
    });
    if (wrong) wrong(y);
    y += 22;
  };
  const narrow = v.left < 100;
  parts.push(drawBeads(v, y));
  y += 20;
  for (const cpu of cpus) {
    const group = y;
    heading(`CPU ${cpu}`, 0);
    for (let n = v.from; n < v.to; n++)
      if (events[n].cpu === cpu && v.size >= 10)
        parts.push(text(v.x(n) + v.size / 2, y + 14, glyph(events[n]), `text-anchor="middle" class="${events[n].kind === "panic" ? "alarm" : ""}"`));
    y += 20;
    owners(narrow ? "runs" : "runs (CR3)", runs.get(cpu));
    owners(narrow ? "on stack" : "on the stack of", stackOf.get(cpu), at => warn(at,
      n => isWrong(runs.get(cpu).at(n) ?? null, stackOf.get(cpu).at(n) ?? null), n => `≠ ${name(stackOf.get(cpu).at(n))}!`));
    if (!data.shared_words) owners(narrow ? "published" : "published (its PCR)", published.get(cpu),
      at => warn(at, n => isTrap(cpu, n), n => `${name(published.get(cpu).at(n))}!`));
    parts.push(text(8, y + 10, narrow ? "IF" : "interrupts (IF)", 'class="small soft"'));
    flag.get(cpu).between(v.from, v.to, (start, end, on) => {
      const w = (end - start) * v.size;
      parts.push(on ? box(v.x(start), y + 3, w, 7, 'class="if-on"') : line(v.x(start), y + 10, v.x(end), y + 10, "if-off"));
      if (w > 24) parts.push(text(v.x(start) + 3, y + 20, on ? "on" : "off", 'class="small soft"'));
    });
    y += 28;
    parts.push(`<g data-lane="cpu${cpu}" data-top="${group}"></g>`);
  }
  if (data.shared_words) {
    heading(narrow ? "Shared" : "Shared by all", 0);
    y += 20;
    owners("published", published.get("all"),
      at => warn(at, n => cpus.some(cpu => isTrap(cpu, n)), n => `${name(published.get("all").at(n))}!`));
    y += 4;
  }
  heading("Tasks", 20);
  for (const pid of shown) drawTask(v, pid, y, parts), y += 24;
  const x = v.x(step);
  element("lanes").innerHTML = patterns() + box(x, 2, v.size, y, 'class="tint"') + parts.join("") +
    alarms(v, y) + box(x, 2, v.size, y, 'class="now" rx="3" id="now"');
  element("lanes").setAttribute("height", y + 6);
}

/** The numbered moments of the story, above their columns. */
function drawBeads(v, y) {
  let out = "";
  for (const moment of moments.values()) {
    if (moment.n < v.from || moment.n >= v.to) continue;
    const bad = moment.n === data.corruption || (data.panic && moment.n === data.panic.n), x = v.x(moment.n) + v.size / 2;
    out += `<circle cx="${x}" cy="${y + 9}" r="8.5" class="bead ${bad ? "bad" : ""}"><title>${escaped(moment.title)}</title></circle>` +
      text(x, y + 13, moment.number, 'text-anchor="middle" class="small on-mark"');
  }
  return out;
}

function alarms(v, height) {
  let out = "";
  for (const [mark, id] of [[data.corruption, "corruption"], [data.panic && data.panic.n, "panic"]])
    if (mark !== null && mark >= v.from && mark < v.to)
      out += `<line x1="${v.x(mark)}" y1="24" x2="${v.x(mark)}" y2="${height}" class="alarm-line" data-mark="${id}"/>`;
  return out;
}

function drawTask(v, pid, y, parts) {
  const title = `${name(pid)} ${v.left < 100 ? "" : `(pid ${pid})`}`;
  parts.push(box(0, y + 5, 9, 12, `style="fill:${fill(pid)}" class="box"`), text(13, y + 16, title, 'data-task="' + escaped(name(pid)) + '"'));
  activity.get(pid).between(v.from, v.to, (start, end, what) => {
    const x = v.x(start), w = (end - start) * v.size;
    if (!what.runs) { parts.push(line(x, y + 12, x + w, y + 12, "waits")); return; }
    if (!what.what) {
      if (pid > 0) parts.push(line(x, y + 12, x + w, y + 12, "ring3"), label(x, y + 9, w, "ring 3", 'class="small soft"'));
      else parts.push(box(x, y + 5, w, 13, `style="fill:${fill(pid)}" class="box" rx="2"`));
      return;
    }
    const interrupt = what.what === "interrupt";
    parts.push(box(x, y + (interrupt ? 5 : 2), w, interrupt ? 13 : 19, `style="fill:${fill(pid)}" class="box" rx="2"`));
    if (interrupt) parts.push(line(x, y + 5, x + w, y + 5, "rsp"));
    parts.push(label(x, y + 16, w, what.label));
  });
}

function drawStacks() {
  const room = element("scroll").clientWidth || 600, drawn = shown.filter(pid => tasks.get(pid)?.stack_top);
  const narrow = room < 600, column = Math.max(narrow ? 124 : 150, Math.min(240, Math.floor(room / Math.max(1, drawn.length))));
  const wide = column - (narrow ? 44 : 70), height = 268, top = 48;
  let out = patterns(), x = 2;
  for (const pid of drawn) {
    out += drawStack(tasks.get(pid), x, top, wide, height);
    x += column;
  }
  element("stacks").innerHTML = out;
  element("stacks").setAttribute("width", Math.max(x, 200));
  element("stacks").setAttribute("height", top + height + 20);
}

/** One task's stack twice: as a whole, 18 pixels wide, and its top 4 KiB, `wide` pixels. */
function drawStack(task, x, top, wide, height) {
  const e = events[step], pid = task.pid, here = e.on_stack_of === pid && e.kind !== "task";
  const rsp = depth.get(pid)?.at(step) ?? null, foreign = overwritten.get(pid)?.at(step);
  const bytes = address => Math.max(0, Math.min(STACK, below(task, address)));
  const used = rsp === null ? 0 : bytes(rsp), left = x + 32;
  const scale = y => y * height / STACK, lens = y => Math.min(height, y * height / LENS);
  let out = `<g data-stack="${escaped(task.name)}" data-used="${used}" data-foreign="${foreign ? escaped(name(foreign.by)) : ""}">`;
  out += text(x, 14, task.name, 'class="head"') + text(x, 28, used ? `${used} bytes in use` : "empty", 'class="small soft"');
  out += box(x, top, 18, height, 'class="frame"') + box(left, top, wide, height, 'class="frame"');
  out += `<path d="M${x + 18} ${top}H${left}M${x + 18} ${top + scale(LENS)}L${left} ${top + height}" class="saved" fill="none"/>`;
  out += box(x, top, 18, scale(used), `style="fill:${fill(pid)}"`) + box(left, top, wide, lens(used), `style="fill:${fill(pid)}"`);
  if (lens(used) > 16) out += text(left + 5, top + lens(used) - 5, `${task.name}'s`, 'class="small"');
  if (foreign) {
    const h = bytes(foreign.rsp);
    out += box(x, top, 18, Math.max(3, scale(h)), 'class="wrong"') + box(left, top, wide, lens(h), 'class="wrong"');
    out += box(left + 2, top + lens(h) + 2, wide - 4, 30, 'style="fill:var(--alarm-paper)"') +
      text(left + 5, top + lens(h) + 14, "overwritten", 'class="small alarm"') +
      text(left + 5, top + lens(h) + 27, `by ${name(foreign.by)}`, 'class="small alarm"');
  }
  if (used && !here) out += line(x, top + scale(used), x + 18, top + scale(used), "saved") + line(left, top + lens(used), left + wide, top + lens(used), "saved");
  if (here) {
    const y = bytes(e.rsp);
    out += line(x, top + scale(y), x + 18, top + scale(y), "rsp") + line(left, top + lens(y), left + wide, top + lens(y), "rsp");
    out += `<path d="M${left + wide} ${top + lens(y)}l8 -5v10z" class="rsp"/>`;
    if (wide > 80) out += text(left + wide + 9, top + lens(y) + 4, "RSP", 'class="small head"');
  }
  const users = [...published].filter(([, row]) => row.at(step) === pid).map(([cpu]) => cpu === "all" ? "published" : `CPU ${cpu}'s`);
  if (users.length)
    out += `<path d="M${left} ${top}v-15h${wide}v15l${-wide / 2} -4z" class="flag"/>` + text(left + wide / 2, top - 5,
      users.join(", "), 'text-anchor="middle" class="on-mark small"');
  out += text(x, top + height + 14, "16 KiB", 'class="small soft"') + text(left + 8, top + height + 14, "its top 4 KiB", 'class="small soft"');
  return out + "</g>";
}

function drawText() {
  const e = events[step], moment = moments.get(step), bad = isEntry(e) && isWrong(e.running, e.on_stack_of);
  const before = events[step - 1];
  const row = (what, value) => `<tr><td>${what}</td><td>${value}</td></tr>`;
  let out = `<h3>Step ${step}</h3><p>${escaped(sentence(e))}</p>`;
  if (moment) out = `<h3>${moment.number}. ${escaped(moment.title)}</h3><p>${escaped(moment.text)}</p><p class="note">${escaped(sentence(e))}</p>`;
  else if (isWrong(e.running, e.on_stack_of)) out += `<p class="alarm">${escaped(name(e.running))} runs on ${escaped(name(e.on_stack_of))}'s kernel stack.</p>`;
  out += "<table>" + row("processor", `CPU ${e.cpu}, ` + (before ? `${microseconds(e.time - before.time)} after the last step` : "the first step")) +
    row("CR3 is that of", escaped(name(e.running))) +
    row("RSP is", escaped(stackPlace(e)) + `<br><code>${shownAddress(e.rsp)}</code>`) +
    row("published", escaped(e.published === null ? "no task's stack" : `${name(e.published)}'s stack`)) +
    row("user's RSP kept", `<code>${shownAddress(e.scratch)}</code>`) +
    row("interrupts", e.if ? "on (IF=1)" : "off (IF=0)") + "</table>";
  element("text").innerHTML = out;
  element("text").className = bad || e.kind === "panic" ? "bad" : moment ? "story" : "";
}

function draw() {
  const v = view();
  drawOverview(v);
  drawLanes(v);
  drawText();
  drawStacks();
  element("where").textContent = `step ${step} of ${events.length - 1}`;
  for (const button of document.querySelectorAll("#story button")) {
    const current = Number(button.dataset.n) === step;
    if (current) button.setAttribute("aria-current", "step"); else button.removeAttribute("aria-current");
    if (current && button.parentElement.parentElement.scrollWidth > innerWidth)
      button.parentElement.parentElement.scrollTo({ left: button.offsetLeft - 40 });
  }
  document.body.dataset.step = step;
}

// ---- Steps --------------------------------------------------------------------------------------------------------

function go(n) {
  step = Math.max(0, Math.min(events.length - 1, n));
  history.replaceState(null, "", `#${step}`);
  draw();
}
const page = () => Math.max(1, view().to - view().from - 2);
const story = direction => {
  const found = direction > 0 ? data.story.find(m => m.n > step) : data.story.findLast(m => m.n < step);
  if (found) go(found.n);
};
const setZoom = z => { zoom = Math.max(0, Math.min(ZOOMS.length - 1, z)); draw(); };

const CONTROLS = [
  ["|◀", "Home", "to the first step", () => go(0)],
  ["◀", "←", "one step back", () => go(step - 1)],
  ["▶", "→", "one step on", () => go(step + 1)],
  ["▶|", "End", "to the last step", () => go(events.length - 1)],
  null,
  ["corruption", "c", "to the first entry on another task's stack", () => go(data.corruption), data.corruption !== null],
  ["tick", "t", "to the tick in the window", () => go(tick.n), tick !== undefined],
  ["panic", "p", "to the panic", () => go(data.panic.n), data.panic !== null],
  null,
  ["◂ moment", "↑", "to the moment before", () => story(-1), data.story.length > 0],
  ["moment ▸", "↓", "to the next moment", () => story(1), data.story.length > 0],
  null,
  ["−", "-", "show more steps", () => setZoom(zoom - 1)],
  ["+", "+", "show fewer steps", () => setZoom(zoom + 1)],
];
const KEYS = { Home: 0, ArrowLeft: 1, ArrowRight: 2, End: 3, c: 5, t: 6, p: 7, ArrowUp: 9, ArrowDown: 10, "-": 12, "+": 13, "=": 13 };

function start() {
  element("title").textContent = `${data.state} on ${data.cpus} processor${data.cpus > 1 ? "s" : ""}: who ran, and on whose stack`;
  element("verdict").innerHTML = verdict();
  element("story").innerHTML = data.story.map((m, i) => `<li><button data-n="${m.n}" class="${m.n === data.corruption ||
    (data.panic && m.n === data.panic.n) ? "bad" : ""}"><b>${i + 1}</b>${escaped(m.title)}</button></li>`).join("");
  element("controls").innerHTML = CONTROLS.map((c, i) => c === null ? '<span class="gap"></span>' : c[4] === false ? "" :
    `<button data-control="${i}" title="${escaped(c[2])}">${c[0]}<kbd>${escaped(c[1])}</kbd></button>`).join("") + '<span id="where"></span>';
  element("legend").innerHTML = ["▼ system call begins", "▲ ends", "⚡︎ interrupt begins", "△ ends", "⚑ a stack is published",
    "⇄ switch", "✳ task begins, execs, ends", "✖ panic"].map(words => `<span>${words}</span>`).join(" ") +
    `<p>All is well as long as "runs" and "on the stack of" agree, and a program that is in ring 3 finds its own stack published. ${data.lost ? `The ring kept the last ${events.length} events; ${data.lost} earlier ones are lost.` : ""}</p>`;
  element("stacks-note").textContent = "Left: the whole stack, to scale; it fills from the top. Right: its top 4 KiB, four " +
    "times as large. A solid line with an arrow is RSP, a dashed one the RSP of a task that does not run. Recording itself takes 1 KiB in each call.";
  element("story").addEventListener("click", click => { const b = click.target.closest("button"); if (b) go(Number(b.dataset.n)); });
  element("controls").addEventListener("click", click => { const b = click.target.closest("button"); if (b) CONTROLS[b.dataset.control][3](); });
  element("overview").addEventListener("click", click => go(Math.floor(click.offsetX / element("overview").clientWidth * events.length)));
  element("lanes").addEventListener("click", click => {
    const v = view();
    if (click.offsetX > v.left) go(v.from + Math.floor((click.offsetX - v.left) / v.size));
  });
  document.addEventListener("keydown", key => {
    if (key.ctrlKey || key.metaKey || key.altKey) return;
    if (key.key === "PageDown") go(step + page());
    else if (key.key === "PageUp") go(step - page());
    else if (key.key in KEYS) { const c = CONTROLS[KEYS[key.key]]; if (c[4] !== false) c[3](); }
    else return;
    key.preventDefault();
  });
  addEventListener("resize", draw);
  const wanted = /^#\d+$/.test(location.hash) ? Number(location.hash.slice(1)) : data.corruption ?? data.panic?.n ?? first;
  // The whole story at one glance, if it fits.
  const ends = data.story.map(moment => moment.n), span = ends.at(-1) - ends[0] + 4;
  while (zoom > 2 && ends.length > 1 && view().to - view().from < span) zoom--;
  from = (ends[0] ?? wanted) - 2;
  go(wanted);
}

start();
