// What the server has told: everything first, then what has changed; and that in the words of the page.

const KEPT_CALLS = 20, KEPT_SECONDS = 300, KEPT_REFUSALS = 50;
const LISTS = ["calls", "errors", "p50_s", "p99_s"];
const KINDS = { at_gate: "waits", running: "runs", inside: "inside", silent: "silent", ended: "ended", starting: "starting" };
const NO_RATES = { calls_per_s: 0, errors_per_s: 0, p50_s: 0, p99_s: 0 };

let model = null;
export const calls = new Map(); // id of a rank -> its last collectives, oldest first
export const begun = () => model !== null;

export function merge(news) {
  if (news.complete) {
    model = { ranks: {}, worlds: {}, pools: {}, histories: {}, refusals: [], server: {}, told_at: news.at };
    calls.clear();
  }
  for (const [key, value] of Object.entries(news)) {
    if (key === "server") Object.assign(model.server, value);
    else if (key === "refusals") model.refusals = [...model.refusals, ...value].slice(-KEPT_REFUSALS);
    else if (key === "calls") takeCalls(value);
    else if (key === "histories") {
      for (const [name, one] of Object.entries(value)) model.histories[name] = longer(model.histories[name], one);
    } else if (["ranks", "worlds", "pools"].includes(key)) {
      for (const [name, entry] of Object.entries(value)) {
        if (entry === null) delete model[key][name];
        else model[key][name] = { ...model[key][name], ...entry };
      }
    } else model[key] = value;
  }
}

function longer(old, news) {
  return Object.fromEntries(LISTS.map((key) => [key, [...(old ? old[key] : []), ...news[key]].slice(-KEPT_SECONDS)]));
}

function takeCalls(news) {
  for (const [id, list] of Object.entries(news)) {
    const kept = calls.get(id) || [];
    for (const call of list) {
      if (!call.operation) continue;
      const end = call.ended_at * 1000, start = (call.gated_at || call.ended_at) * 1000;
      kept.push({ op: call.operation, group: call.group, parts: call.parts, start, end,
        gate: (call.at_gate_at || call.gated_at || call.ended_at) * 1000, refused: !call.gated_at && !!call.at_gate_at });
    }
    calls.set(id, kept.slice(-KEPT_CALLS));
  }
}

const plain = (name, prefix = "") => (name || "").replace(prefix, "").toLowerCase();

function rankOf(id) {
  const rank = model.ranks[id], doing = rank.activity || {}, rates = rank.rates || NO_RATES, memory = rank.memory || {};
  return {
    id, rank: rank.rank, pid: rank.pid, node: rank.node, pool: rank.pool_name, state: plain(rank.state), exit: rank.exit,
    at: rank.coordinates, kind: KINDS[plain(doing.kind, "ACTIVITY_")] || "idle", does: doing.sentence || "",
    for_s: doing.since ? Math.max(model.at - doing.since, 0) : 0, waits_for: doing.waits_for || [], group: doing.group,
    op: doing.operation, parts: doing.parts, method: (doing.method || "").split("/").pop(), queued: rank.queued,
    objects: rank.objects, restarts: rank.restarts, memory: memory.resident, device: memory.device_reserved,
    calls_s: rates.calls_per_s, p50_s: rates.p50_s,
  };
}

function worldOf(told) {
  const groups = told.groups || [];
  return {
    id: told.world_id, epoch: told.epoch, generation: told.generation, state: plain(told.state, "WORLD_"), failure: told.failure,
    backend: told.backend, gate: told.gate, groups, runs_waiting: told.runs_waiting,
    run: told.run && { ...told.run, held_s: Math.max(model.at - told.run.since, 0) },
    sizes: { tp: told.tensor_parallel_size, pp: told.pipeline_parallel_size, dp: told.data_parallel_size,
      pcp: told.prefill_context_parallel_size, dcp: told.decode_context_parallel_size,
      ep: groups.some((group) => group.dimension === "ep") ? 2 : 1 },
  };
}

export function derive() {
  const told = model.worlds[model.world];
  const ids = told ? told.rank_ids : Object.keys(model.ranks).filter((id) => !model.ranks[id].world_id);
  const ranks = ids.filter((id) => model.ranks[id]).map(rankOf).sort((a, b) => a.rank - b.rank);
  const rates = (told && told.rates) || model.server.rates || NO_RATES;
  return {
    at: model.at * 1000, world: told ? worldOf(told) : null, ranks, pools: Object.values(model.pools),
    pool: { version: model.server.version, pid: model.server.pid, sessions: model.server.sessions, node: model.host,
      up_s: model.up_s + model.at - model.told_at },
    worlds: Object.values(model.worlds).map((one) => ({ id: one.world_id, state: plain(one.state, "WORLD_") })),
    refusals: model.refusals.map((one) => ({ ...one, at: one.at * 1000, world: one.world_id })),
    rates: { calls: rates.calls_per_s, errors: rates.errors_per_s, p50: rates.p50_s, p99: rates.p99_s },
    history: model.histories[model.world] || model.histories[""] || { calls: [], errors: [], p50_s: [], p99_s: [] },
  };
}
