// The ranks: where they stand, what they do, who waits for whom.
import { $, draw, duration, grouped, make, ranges, say } from "./elements.js";

const MAX_ARROWS = 256;
const MARKS = { // of a rank: sign and word
  idle: ["○", "idle"], runs: ["▶", "runs a call"], waits: ["◐", "waits at the gate"],
  overdue: ["!", "past its deadline"], silent: ["?", "sends no heartbeat"], starting: ["…", "starts"],
  dead: ["✕", "dead"],
};
const VIEWS = { grid: "Grid", tp: "Tensor", pp: "Pipeline", dp: "Data", pcp: "Prefill context",
  dcp: "Decode context", ep: "Expert", node: "Node" };
const NAMES = { tp: "tensor", pp: "stage", dp: "replica", pcp: "prefill context", dcp: "decode context", ep: "expert" };

export const DEADLOCK_MS = 60000; // A deadlock is refused at once; so long it stays on the page.
export const tiles = new Map(); // rank -> its button
const nodes = new Map(); // name -> number of its colour
let state = null, selected = null, shape = "", view = "grid", chosen = () => {};

export const onSelect = (callback) => { chosen = callback; };

export function show(now, rank, deadlock) {
  [state, selected] = [now, rank];
  layOut();
  fillTiles(new Set(deadlock ? deadlock.ranks : []));
  listWaits(deadlock);
  drawArrows(deadlock);
}

export function markOf(rank) {
  if (rank.state === "dead") return "dead";
  if (rank.state === "overdue") return "overdue";
  if (rank.state === "unresponsive") return "silent";
  if (rank.state === "starting") return "starting";
  return { waits: "waits", runs: "runs", inside: "runs", silent: "silent" }[rank.kind] || "idle";
}
export function whatOf(rank) {
  if (rank.state === "dead") return rank.exit || "ended";
  return rank.does || rank.state;
}
export function placeOf(rank) {
  if (!rank.at || !state.world) return "";
  const used = state.world.sizes;
  return ["dp", "pp", "pcp", "tp", "dcp", "ep"].filter((axis) => used[axis] > 1)
    .map((axis) => `${NAMES[axis]} ${rank.at[axis]}`).join(", ");
}

// --- Where ranks stand ---

function boxes() {
  const { world, ranks } = state;
  if (!world) {
    return [...grouped(ranks, (r) => r.pool)].map(([pool, members]) => ({ title: `Pool ${pool}`, rows: [{ ranks: members }] }));
  }
  if (view === "node") {
    return [...grouped(ranks, (r) => r.node || "not started")].map(([node, members]) => (
      { title: node, rows: [{ ranks: members }] }));
  }
  if (view !== "grid") {
    const groups = world.groups.filter((group) => group.dimension === view);
    return groups.map((group, index) => ({
      title: `${view}:${index}`, rows: [{ ranks: group.ranks.map((n) => ranks[n]).filter(Boolean) }] }));
  }
  const { tp, pp, dp, pcp } = world.sizes;
  if (!ranks.every((rank) => rank.at) || tp * pp * pcp === 1) return [{ title: world.id, rows: [{ ranks }] }];
  return [...grouped(ranks, (r) => `${r.at.dp} ${r.at.pcp}`)].map(([key, members]) => {
    const [replica, context] = key.split(" ");
    const parts = [dp > 1 ? `replica ${replica}` : "", pcp > 1 ? `prefill context ${context}` : ""].filter(Boolean);
    const rows = [...grouped(members, (r) => r.at.pp)].map(([stage, row]) => (
      { label: pp > 1 ? `stage ${stage}` : "", ranks: row }));
    return { title: parts.join(", ") || world.id, rows, columns: tp > 1 && tp <= 16 ? tp : 0, labels: pp > 1 };
  });
}

function layOut() {
  const { world, ranks } = state;
  const next = JSON.stringify([view, world && [world.id, world.epoch, world.generation, world.sizes],
    ranks.map((r) => [r.rank, r.id, r.node])]);
  if (next === shape) return;
  shape = next;
  nodes.clear();
  for (const rank of ranks) if (rank.node && !nodes.has(rank.node)) nodes.set(rank.node, nodes.size);
  tiles.clear();
  const field = $("ranks");
  field.className = ranks.length <= 8 ? "big huge" : ranks.length <= 16 ? "big" : ranks.length <= 64 ? "medium" : "small";
  field.replaceChildren(...boxes().map((box) => {
    const made = make("section", { class: "replica" }, make("h3", { text: box.title }));
    if (box.columns) {
      const columns = Array.from({ length: box.columns }, (_, n) => make("span", { text: `t${n}` }));
      made.append(make("div", { class: box.labels ? "columns labelled" : "columns", "aria-hidden": true }, ...columns));
    }
    for (const row of box.rows) {
      const group = make("div", { class: box.columns ? "group" : "group wrap" });
      for (const rank of row.ranks) group.append(tileOf(rank));
      made.append(make("div", { class: "row" }, ...(row.label ? [make("span", { class: "label", text: row.label })] : []), group));
    }
    return made;
  }));
  const first = tiles.get(selected) || tiles.values().next().value;
  if (first) first.tabIndex = 0;
  offerViews();
}

function tileOf(rank) {
  const tile = make("button", { type: "button", class: "r", tabindex: -1, "data-rank": rank.rank },
    make("i", { "aria-hidden": true }), make("b", { text: rank.rank }), make("span"), make("span"));
  tile.addEventListener("click", () => chosen(selected === rank.rank ? null : rank.rank));
  tiles.set(rank.rank, tile);
  const node = nodes.size > 1 && nodes.has(rank.node) ? ` node-${nodes.get(rank.node) % 4}` : "";
  return make("div", { class: `cell${node}` }, tile);
}

function offerViews() {
  const has = new Set(state.world ? state.world.groups.map((group) => group.dimension) : []);
  const views = Object.keys(VIEWS).filter((key) => key === "grid" || has.has(key) || (key === "node" && nodes.size > 1));
  if (!views.includes(view)) { view = "grid"; shape = ""; layOut(); return; }
  $("views").hidden = views.length < 2;
  $("views").replaceChildren(...views.map((key) => {
    const made = make("button", { type: "button", role: "radio", "aria-checked": String(key === view),
      tabindex: key === view ? 0 : -1, text: VIEWS[key], "data-view": key });
    made.addEventListener("click", () => turnTo(key));
    return made;
  }));
}
function turnTo(key) {
  view = key;
  chosen(selected);
  $("views").querySelector("[aria-checked=true]").focus();
}

function fillTiles(cycle) {
  for (const rank of state.ranks) {
    const tile = tiles.get(rank.rank);
    if (!tile) continue;
    const mark = markOf(rank), what = whatOf(rank);
    const [sign, , line, since] = [...tile.children];
    const on = cycle.has(rank.rank) ? " cycle" : "";
    if (tile.className !== `r ${mark}${on}`) tile.className = `r ${mark}${on}`;
    say(sign, MARKS[mark][0]);
    const short = state.ranks.length > 16 ? (rank.op || MARKS[mark][1]) : what;
    say(line, short);
    say(since, rank.kind !== "idle" && rank.for_s ? duration(rank.for_s) : " ");
    const label = `Rank ${rank.rank}, ${what}${rank.for_s && rank.kind !== "idle" ? `, for ${duration(rank.for_s)}` : ""}` +
      `${placeOf(rank) ? `; ${placeOf(rank)}` : ""}`;
    if (tile.getAttribute("aria-label") !== label) { tile.setAttribute("aria-label", label); tile.title = label; }
    tile.setAttribute("aria-pressed", String(selected === rank.rank));
  }
  const seen = new Set(state.ranks.map(markOf));
  const marks = Object.keys(MARKS).filter((mark) => seen.has(mark));
  $("legend").replaceChildren(...marks.map((mark) => make("li", {}, make("i", { text: MARKS[mark][0], class: mark }), MARKS[mark][1])),
    ...(nodes.size > 1 ? [...nodes].map(([name, n]) => make("li", {}, make("b", { class: `swatch node-${n % 4}` }), name)) : []));
}

// --- Who waits for whom ---

export function deadlockOf(state) {
  if (!state.world) return null;
  const found = state.refusals.filter((r) => r.reason === "deadlock" && r.world === state.world.id && r.epoch === state.world.epoch
    && state.at - r.at < DEADLOCK_MS && r.ranks.length > 1);
  return found.length ? found[found.length - 1] : null;
}

export function drawArrows(deadlock) {
  const svg = $("arrows"), field = $("field"), frame = field.getBoundingClientRect();
  svg.setAttribute("width", $("ranks").offsetWidth); svg.setAttribute("height", $("ranks").offsetHeight);
  const pairs = [];
  for (const rank of state.ranks) for (const other of rank.waits_for) pairs.push([rank.rank, other, false]);
  const shown = pairs.length > MAX_ARROWS ? pairs.filter(([a, b]) => a === selected || b === selected) : pairs;
  if (deadlock) deadlock.ranks.forEach((rank, n) => shown.push([rank, deadlock.ranks[(n + 1) % deadlock.ranks.length], true]));
  const head = (id) => {
    const marker = draw("marker", { id, viewBox: "0 0 8 8", refX: 7, refY: 4, markerWidth: 7, markerHeight: 7,
      orient: "auto", markerUnits: "userSpaceOnUse" });
    marker.append(draw("path", { d: "M0 0.5 8 4 0 7.5z" }));
    return marker;
  };
  const defs = draw("defs", {});
  defs.append(head("head"), head("head-cycle"));
  svg.replaceChildren(defs);
  for (const [from, to, cycle] of shown) {
    const a = tiles.get(from), b = tiles.get(to);
    if (!a || !b || a === b) continue;
    const start = a.getBoundingClientRect(), end = b.getBoundingClientRect();
    const [x0, y0] = [start.left + start.width / 2 - frame.left + field.scrollLeft, start.top + start.height / 2 - frame.top + field.scrollTop];
    const [x1, y1] = [end.left + end.width / 2 - frame.left + field.scrollLeft, end.top + end.height / 2 - frame.top + field.scrollTop];
    const length = Math.hypot(x1 - x0, y1 - y0) || 1, bend = Math.min(46, 14 + length * 0.16);
    const [cx, cy] = [(x0 + x1) / 2 - (y1 - y0) / length * bend, (y0 + y1) / 2 + (x1 - x0) / length * bend];
    const near = length < (start.width + start.height) * 0.9 ? 0.62 : 1; // else there is no room for an arrow
    const [sx, sy] = edge(x0, y0, cx, cy, start, near), [ex, ey] = edge(x1, y1, cx, cy, end, near);
    svg.append(draw("path", { d: `M${sx} ${sy}Q${cx} ${cy} ${ex} ${ey}`, class: cycle ? "cycle" : shown.length > 24 ? "many" : "wait",
      "marker-end": `url(#${cycle ? "head-cycle" : "head"})`, "data-from": from, "data-to": to }));
  }
}
// Where the way from a tile's middle leaves it; `near`: the part of that way that is kept free.
function edge(x, y, towardsX, towardsY, box, near) {
  const [dx, dy] = [towardsX - x, towardsY - y];
  const scale = Math.min(box.width / 2 / Math.abs(dx || 1e-6), box.height / 2 / Math.abs(dy || 1e-6), 1) * near;
  return [(x + dx * scale).toFixed(1), (y + dy * scale).toFixed(1)];
}

function listWaits(deadlock) {
  const items = [];
  if (deadlock) items.push(make("li", { class: "cycle", text: `Deadlock: rank ${[...deadlock.ranks, deadlock.ranks[0]].join(" → ")}` },
    make("time", { text: `, refused ${duration((state.at - deadlock.at) / 1000)} ago` })));
  const waiting = state.ranks.filter((rank) => rank.kind === "waits");
  for (const [what, ranks] of grouped(waiting, (rank) => rank.does)) {
    const who = `Rank${ranks.length > 1 ? "s" : ""} ${ranges(ranks.map((rank) => rank.rank))}`;
    items.push(make("li", { text: `${who} ${ranks.length > 1 ? what.replace(/^waits/, "wait") : what}` },
      make("time", { text: `, for ${duration(Math.max(...ranks.map((rank) => rank.for_s)))}` })));
  }
  const refused = state.refusals.filter((r) => r !== deadlock && state.world && r.world === state.world.id && state.at - r.at < DEADLOCK_MS);
  for (const one of refused.slice(-3).reverse()) {
    items.push(make("li", { class: "refused", text: one.message }, make("time", { text: ` (${duration((state.at - one.at) / 1000)} ago)` })));
  }
  if (!items.length) {
    const why = state.world && !state.world.gate ? "This world has no gate, so waits are not seen." : "Nobody waits.";
    items.push(make("li", { class: "none", text: why }));
  }
  $("waits").replaceChildren(...items.slice(0, 40));
}

// --- The keyboard ---

export function moveFocus(event) {
  const order = [...tiles.values()], at = order.indexOf(document.activeElement);
  if (at < 0) return;
  if (event.key === "Escape") { chosen(null); return; }
  const steps = { ArrowLeft: at - 1, ArrowRight: at + 1, Home: 0, End: order.length - 1 };
  let next = order[steps[event.key]];
  if (event.key === "ArrowUp" || event.key === "ArrowDown") {
    const here = order[at].getBoundingClientRect(), down = event.key === "ArrowDown";
    const candidates = order.map((tile) => [tile, tile.getBoundingClientRect()]).filter(([, box]) => (down ? box.top > here.bottom - 2 : box.bottom < here.top + 2));
    candidates.sort(([, a], [, b]) => Math.hypot((a.top - here.top) * 3, a.left - here.left) - Math.hypot((b.top - here.top) * 3, b.left - here.left));
    next = candidates.length ? candidates[0][0] : null;
  }
  if (!next) return;
  event.preventDefault();
  order[at].tabIndex = -1; next.tabIndex = 0; next.focus();
}

export function moveView(event) {
  const buttons = [...$("views").children], at = buttons.indexOf(document.activeElement);
  const next = buttons[at + { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key]];
  if (next) { event.preventDefault(); turnTo(next.dataset.view); }
}
