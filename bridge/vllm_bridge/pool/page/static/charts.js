// The small charts, and the time line.
import { $, draw, duration, make, number, say } from "./elements.js";
import { calls } from "./model.js";

const MAX_TRACKS = 64;

export function charts({ history, rates }) {
  $("chart-calls").children[1].replaceChildren(number(rates.calls), make("small", { text: rates.errors ? `  ${number(rates.errors)} failed` : "" }));
  curve($("chart-calls"), history, [[history.calls, "line", true], [history.errors, "errors"]], number, `Calls per second over ${span(history)}: now ${number(rates.calls)}`);
  $("chart-latency").children[1].replaceChildren(rates.calls ? duration(rates.p50) : "–", make("small", { text: rates.calls ? `  99 % within ${duration(rates.p99)}` : "" }));
  curve($("chart-latency"), history, [[history.p99_s, "second"], [history.p50_s, "line"]], duration, `Latency over ${span(history)}: half within ${duration(rates.p50)}, 99 % within ${duration(rates.p99)}`);
}
const span = (history) => duration(Math.max(history.calls.length, 1));
function curve(tile, history, series, form, label) {
  const svg = tile.querySelector("svg"), length = Math.max(...series.map(([values]) => values.length), 2);
  const most = Math.max(...series.flatMap(([values]) => values), 0);
  svg.setAttribute("viewBox", `0 0 ${length - 1} 100`); svg.setAttribute("preserveAspectRatio", "none");
  svg.setAttribute("aria-label", `${label}; at most ${form(most)}`);
  const y = (value) => (100 - (most ? value / most * 96 : 0)).toFixed(1);
  const paths = [];
  for (const [values, kind, area] of series) {
    if (!values.length) continue;
    const line = values.map((value, n) => `${n} ${y(value)}`).join("L");
    const closed = `M0 100L${line}L${values.length - 1} 100z`;
    if (area) paths.push(draw("path", { class: "area", d: closed }));
    if (kind !== "errors" || Math.max(...values)) paths.push(draw("path", { class: kind, d: kind === "errors" ? closed : `M${line}` }));
  }
  svg.replaceChildren(...paths);
  let axis = tile.querySelector(".axis");
  if (!axis) { axis = make("span", { class: "axis", "aria-hidden": true }); tile.append(axis); }
  say(axis, most ? `${span(history)}, max ${form(most)}` : span(history));
}

// --- The time line ---

const colours = new Map();
function colourOf(operation) {
  if (!colours.has(operation)) colours.set(operation, colours.size % 8);
  return `op-${colours.get(operation)}`;
}

export function drawTimeline(state, selected) {
  const ranks = (selected !== null && state.ranks.length > MAX_TRACKS ? state.ranks.filter((r) => r.rank >= selected) : state.ranks).slice(0, MAX_TRACKS);
  const bars = [];
  for (const rank of ranks) {
    for (const call of calls.get(rank.id) || []) bars.push({ ...call, rank: rank.rank });
    // What runs is told by heartbeats, and may be over; what waits at the gate is known.
    if (rank.op && rank.state !== "dead" && rank.for_s > (rank.kind === "waits" ? 0 : 1.5)) {
      const begun = state.at - rank.for_s * 1000, open = rank.kind === "waits";
      bars.push({ op: rank.op, group: rank.group, parts: rank.parts, rank: rank.rank, gate: begun, start: open ? state.at : begun, end: state.at, open: true });
    }
  }
  $("timeline").hidden = !state.world;
  const seen = new Set(bars.map((bar) => bar.op));
  $("operations").replaceChildren(...[...seen].map((op) => make("li", {}, make("b", { class: colourOf(op) }), op)),
    ...(seen.size ? [make("li", {}, make("b", { class: "op-7 gate" }), "pale: at the gate")] : []));
  if (!bars.length) {
    say($("timeline-note"), "");
    $("tracks").replaceChildren(make("p", { class: "note", text: "None so far." }));
    return;
  }
  // A call that is still open may be much older than all others; it begins at the edge then.
  const ended = bars.filter((bar) => !bar.open), last = Math.max(...bars.map((bar) => bar.end));
  const first = Math.max(Math.min(...(ended.length ? ended : bars).map((bar) => bar.gate)), last - 120000);
  const range = Math.max(last - first, 1), wide = Math.max($("tracks").clientWidth, 280), left = 52, top = 20;
  const height = ranks.length > 16 ? 12 : 20, total = ranks.length * height + top;
  const x = (at) => left + (Math.max(at, first) - first) / range * (wide - left - 6);
  const svg = draw("svg", { viewBox: `0 0 ${wide} ${total}`, height: total, role: "img",
    "aria-label": `The last ${bars.length} collectives of ${ranks.length} ranks over ${duration(range / 1000)}; the details of a rank list its own` });
  const steps = [0.01, 0.1, 1, 10, 100, 1000, 10000].flatMap((unit) => [unit, 2 * unit, 5 * unit]);
  const step = steps.find((size) => range / size <= Math.max(wide / 130, 3)) || range;
  for (let at = 0; at <= range; at += step) {
    const anchor = !at ? "end" : x(last - at) < left + 24 ? "start" : "middle";
    svg.append(draw("line", { class: "grid", x1: x(last - at), x2: x(last - at), y1: top - 4, y2: total }),
      draw("text", { x: x(last - at), y: 11, "text-anchor": anchor }, at ? `−${duration(at / 1000)}` : "0"));
  }
  ranks.forEach((rank, row) => {
    const y = top + row * height + height / 2;
    svg.append(draw("line", { class: "base", x1: left, x2: wide - 6, y1: y, y2: y }));
    if (height > 14 || row % 4 === 0) svg.append(draw("text", { x: 0, y: y + 4 }, `rank ${rank.rank}`));
  });
  const rowOf = new Map(ranks.map((rank, row) => [rank.rank, row]));
  for (const bar of bars) {
    if (bar.end < first) continue;
    const y = top + rowOf.get(bar.rank) * height + 2, tall = height - 4;
    const title = `${bar.op} on ${bar.group}${bar.parts ? ` (${bar.parts})` : ""}: ${duration((bar.start - bar.gate) / 1000)} at the gate, ${duration((bar.end - bar.start) / 1000)} inside`;
    const put = (from, to, extra) => {
      const made = draw("rect", { x: x(from).toFixed(1), y, width: Math.max(x(to) - x(from), 1.5).toFixed(1), height: tall, class: `${colourOf(bar.op)}${extra}` });
      made.append(draw("title", {}, title));
      svg.append(made);
    };
    if (x(bar.start) - x(bar.gate) > 0.5) put(bar.gate, bar.start, " gate");
    if (bar.end > bar.start || !bar.open) put(bar.start, bar.end, (bar.open ? " open" : "") + (bar.refused ? " failed" : ""));
  }
  say($("timeline-note"), `${duration(range / 1000)}, ending ${duration(Math.max(state.at - last, 0) / 1000)} ago`);
  $("tracks").replaceChildren(svg);
}

