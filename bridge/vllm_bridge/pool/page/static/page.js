// The live page. Draws what /events sends; changes nothing in the server. The page's policy refuses HTML that is
// made of strings, and nothing here makes any.
import { charts, drawTimeline } from "./charts.js";
import { $, bytes, clock, count, duration, make, number, say } from "./elements.js";
import { begun, calls, derive, merge } from "./model.js";
import { deadlockOf, drawArrows, moveFocus, moveView, onSelect, placeOf, show, tiles, whatOf } from "./ranks.js";

const SILENT_MS = 2500; // The server speaks every second.
const KEPT_LINES = 500;
const asked = new URLSearchParams(location.search);
let state = null, heard = 0, selected = null, source = null;

// --- One rank ---

function select(rank) {
  selected = rank;
  for (const [n, tile] of tiles) { tile.setAttribute("aria-pressed", String(n === rank)); tile.tabIndex = n === rank ? 0 : -1; }
  if (rank === null && tiles.size) tiles.values().next().value.tabIndex = 0;
  update();
}

function showRank() {
  const rank = selected === null ? null : state.ranks.find((one) => one.rank === selected);
  if (!rank) { $("rank").replaceChildren(); return; }
  const rows = [["State", rank.state + (rank.exit ? `: ${rank.exit}` : "")], ["Place", placeOf(rank)],
    ["Process", rank.pid ? `${rank.pid} on ${rank.node}` : ""], ["Memory", rank.memory ? bytes(rank.memory) : ""],
    ["Device", rank.device ? bytes(rank.device) : ""], ["Call", rank.op ? `${rank.op} on ${rank.group}` : rank.method], ["Parts", rank.parts],
    ["Queued", rank.queued ? count(rank.queued, "call") : "nothing"], ["Calls", rank.calls_s ? `${number(rank.calls_s)} a second, half within ${duration(rank.p50_s)}` : "none in the last seconds"],
    ["Objects", rank.objects ? number(rank.objects) : ""], ["Replaced", rank.restarts ? count(rank.restarts, "time") : ""]];
  const list = make("dl");
  for (const [name, value] of rows) if (value) list.append(make("dt", { text: name }), make("dd", { text: value }));
  const last = (calls.get(rank.id) || []).slice(-8).reverse();
  const table = make("table", {}, make("caption", { text: "Its last collectives" }), make("thead", {}, make("tr", {},
    make("th", { text: "Call", scope: "col" }), make("th", { text: "At the gate", scope: "col", class: "n" }), make("th", { text: "Took", scope: "col", class: "n" }))),
    make("tbody", {}, ...last.map((call) => make("tr", { title: call.parts }, make("td", { text: `${call.op} on ${call.group}` }),
      make("td", { class: "n", text: duration((call.start - call.gate) / 1000) }), make("td", { class: "n", text: duration((call.end - call.start) / 1000) })))));
  const close = make("button", { type: "button", text: "×", "aria-label": "Close" });
  close.addEventListener("click", () => { const was = tiles.get(selected); select(null); if (was) was.focus(); });
  const focused = $("rank").contains(document.activeElement);
  $("rank").replaceChildren(make("h3", { text: `Rank ${rank.rank}` }, close),
    make("p", { class: "does", text: whatOf(rank) + (rank.for_s ? `, for ${duration(rank.for_s)}` : "") }), list, ...(last.length ? [table] : []));
  if (focused) close.focus();
}

// --- Numbers ---

function summarise(deadlock) {
  const { world, ranks, pools } = state;
  const tile = (id, figure, note, kind = "", title) => {
    const [heading, big, small] = [...$(id).children];
    if (title) say(heading, title);
    big.className = `figure ${kind}`;
    say(big, figure); say(small, note);
  };
  const up = ranks.filter((rank) => rank.state !== "dead" && rank.state !== "starting").length;
  const waiting = ranks.filter((rank) => rank.kind === "waits").length, dead = ranks.filter((rank) => rank.state === "dead").length;
  if (world) {
    const bad = { failed: "bad", degraded: "bad", starting: "waits", stopped: "" };
    const sizes = ["tp", "pp", "dp", "pcp", "dcp"].filter((axis) => world.sizes[axis] > 1).map((axis) => `${axis} ${world.sizes[axis]}`);
    tile("tile-state", world.state, [`epoch ${world.epoch}`, world.backend, sizes.join(" × ")].filter(Boolean).join(", "), bad[world.state] ?? "good", world.id);
  } else {
    const failed = pools.filter((pool) => pool.failure);
    tile("tile-state", failed.length ? "takes no calls" : "serving", failed.map((pool) => `${pool.name}: ${pool.failure}`).join("; ") || `${count(pools.length, "pool")}`, failed.length ? "bad" : "good", "Server");
  }
  const running = ranks.filter((rank) => ["runs", "inside"].includes(rank.kind)).length;
  tile("tile-ranks", `${up} of ${ranks.length} up`, dead ? `${dead} dead` : [`${running} running`, `${waiting} waiting`].join(", "), dead ? "bad" : "", "Ranks");
  const queued = ranks.reduce((sum, rank) => sum + rank.queued, 0) + pools.reduce((sum, pool) => sum + pool.queued, 0);
  const run = world && world.run ? `run ${world.run.number} of ${world.run.holder}, ${duration(world.run.held_s)}` : world ? "no run has the turn" : "";
  tile("tile-queues", `${number(queued)} queued`, [count(state.pool.sessions, "session"), world && world.runs_waiting ? `${count(world.runs_waiting, "run")} waiting` : run].filter(Boolean).join(", "), queued ? "waits" : "");
  charts(state);
  const verdict = $("verdict");
  // Read out when it changes, so it has the time of the day and not how long ago that is.
  const [strong, text] = deadlock ? [`Deadlock, refused at ${clock(deadlock.at).slice(0, 8)}. `, deadlock.message]
    : world && world.failure ? [`World ${world.state}. `, world.failure]
      : asked.get("world") && !world ? ["There is no such world (any more): ", asked.get("world")] : ["", ""];
  verdict.hidden = !strong;
  if (verdict.textContent !== strong + text) verdict.replaceChildren(make("strong", { text: strong }), make("span", { text }));
}

// --- Events and log ---

function takeLines(news) {
  const list = $("lines"), atEnd = list.scrollHeight - list.scrollTop - list.clientHeight < 24;
  for (const line of news) {
    list.append(make("li", { class: line.level }, make("time", { text: clock(line.at) }), make("span", { class: "from", text: line.from, title: line.from }), make("span", { class: "text", text: line.text })));
  }
  while (list.children.length > KEPT_LINES) list.firstChild.remove();
  if (atEnd) list.scrollTop = list.scrollHeight;
}

// --- All of it ---

function listWorlds() {
  const here = state.world ? state.world.id : "";
  const entry = (id, title, world) => {
    const mark = world ? { ready: "●", failed: "✕", degraded: "✕", starting: "…", stopped: "○" }[world.state] : "";
    return make("a", { href: id ? `?world=${encodeURIComponent(id)}` : "?world=", "aria-current": id === here ? "page" : false, title: world ? `${title}: ${world.state}` : title },
      ...(mark ? [make("i", { class: world.state, "aria-hidden": true, text: mark })] : []), make("span", { text: title }));
  };
  const wanted = [entry("", "Outside worlds"), ...state.worlds.map((world) => entry(world.id, world.id, world))];
  const key = JSON.stringify([here, state.worlds.map((world) => [world.id, world.state])]);
  if ($("worlds").dataset.key === key) return;
  $("worlds").dataset.key = key;
  $("worlds").replaceChildren(...wanted);
}

function update() {
  if (!state) return;
  const deadlock = deadlockOf(state);
  const { pool, world } = state;
  say($("server"), `${pool.version}, process ${pool.pid} on ${pool.node}, up ${duration(pool.up_s)}`);
  const bad = deadlock || (world && ["failed", "degraded"].includes(world.state));
  document.title = `${bad ? "✕ " : ""}${world ? world.id : "ranks"} · vllm-bridge`;
  listWorlds();
  show(state, selected, deadlock);
  summarise(deadlock);
  showRank();
  drawTimeline(state, selected);
  $("stacks").disabled = !world;
}

function connect() {
  if (source) source.close();
  source = new EventSource(`/events${asked.has("world") ? `?world=${encodeURIComponent(asked.get("world"))}` : ""}`);
  source.addEventListener("open", () => $("lines").replaceChildren());
  source.addEventListener("state", (event) => {
    const news = JSON.parse(event.data);
    if (!begun() && !news.complete) return;
    heard = performance.now();
    merge(news);
    state = derive();
    update();
    listen();
  });
  source.addEventListener("lines", (event) => takeLines(JSON.parse(event.data)));
  source.addEventListener("error", () => { if (source.readyState === EventSource.CLOSED) setTimeout(refused, 2000); });
}
async function refused() { // the stream was not taken: too many look, or our cookie is over
  try {
    const answer = await fetch("/state");
    if (answer.status === 401) { location.reload(); return; }
  } catch { /* gone: the page says so already */ }
  connect();
}

const opened = performance.now();
function listen() {
  const since = performance.now() - (heard || opened), silent = since > SILENT_MS;
  document.body.classList.toggle("silent", silent);
  $("silence").hidden = !silent;
  if (silent) say($("silence"), heard ? `No answer since ${duration(Math.floor(since / 1000)).replace(".0", "")}. What is shown is what was so before.` : "No answer so far.");
  const pill = $("link");
  pill.className = `pill ${silent ? "silent" : "live"}`;
  say(pill, silent ? "No answer" : heard ? "Live" : "Connecting");
}

async function showStacks() {
  const dialog = $("stacks-dialog"), text = $("stacks-text");
  text.textContent = "Asking every rank …";
  if (!dialog.open) dialog.showModal();
  try {
    const answer = await fetch(`/stacks?world=${encodeURIComponent(state.world.id)}`, { method: "POST" });
    if (!answer.ok) { text.textContent = await answer.text(); return; }
    const said = await answer.json();
    const parts = [said.text];
    for (const rank of said.ranks) for (const stack of rank.stacks) {
      parts.push(`\nrank ${rank.rank} (pid ${rank.pid}), thread ${stack.thread}:\n${stack.frames.map((frame) => `  ${frame}`).join("\n")}`);
    }
    text.textContent = parts.join("\n");
  } catch { text.textContent = "The server does not answer."; }
}

$("ranks").addEventListener("keydown", moveFocus);
$("views").addEventListener("keydown", moveView);
onSelect(select);
$("stacks").addEventListener("click", showStacks);
$("stacks-close").addEventListener("click", () => $("stacks-dialog").close());
$("stacks-copy").addEventListener("click", () => { if (navigator.clipboard) navigator.clipboard.writeText($("stacks-text").textContent); });
$("only-problems").addEventListener("change", (event) => $("lines").classList.toggle("problems", event.target.checked));
new ResizeObserver(() => { if (state) { drawArrows(deadlockOf(state)); drawTimeline(state, selected); } }).observe($("field"));
setInterval(listen, 500);
connect();
