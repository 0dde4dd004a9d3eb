// Making elements, and numbers as people read them. Text goes into the page as text alone.

export const $ = (id) => document.getElementById(id);

export function make(name, fields = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(fields)) {
    if (key === "text") made.textContent = value;
    else if (value === true) made.setAttribute(key, "");
    else if (value !== false && value != null) made.setAttribute(key, value);
  }
  made.append(...children);
  return made;
}

export function draw(name, fields, text) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(fields)) made.setAttribute(key, value);
  if (text !== undefined) made.textContent = text;
  return made;
}

export function say(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

export function grouped(items, by) {
  const found = new Map();
  for (const item of items) {
    const key = by(item);
    if (!found.has(key)) found.set(key, []);
    found.get(key).push(item);
  }
  return found;
}

export function duration(s) {
  if (s < 0.001) return `${Math.round(s * 1e6)} µs`;
  if (s < 1) return `${(s * 1000).toPrecision(s < 0.01 ? 2 : 3).replace(/\.0+$/, "")} ms`;
  if (s < 60) return `${s.toFixed(1)} s`;
  const two = (whole, unit, rest, small) => `${whole} ${unit}${rest ? ` ${rest} ${small}` : ""}`;
  if (s < 3600) return two(Math.floor(s / 60), "min", Math.floor(s % 60), "s");
  return two(Math.floor(s / 3600), "h", Math.floor((s % 3600) / 60), "min");
}

export function bytes(n) {
  const units = ["B", "KiB", "MiB", "GiB"];
  let unit = 0;
  while (n >= 1024 && unit < units.length - 1) { n /= 1024; unit += 1; }
  return `${unit && n < 10 ? n.toFixed(1) : Math.round(n)} ${units[unit]}`;
}

export const number = (n) => (n < 10 && n % 1 ? n.toFixed(1) : Math.round(n).toLocaleString("en"));
export const count = (n, one, many = `${one}s`) => `${number(n)} ${n === 1 ? one : many}`;
export const clock = (ms) => `${new Date(ms).toLocaleTimeString("en-GB")}.${Math.floor((ms % 1000) / 100)}`;

// [0, 1, 2, 5] -> "0–2, 5"
export function ranges(numbers) {
  const parts = [];
  for (const n of numbers) {
    const last = parts[parts.length - 1];
    if (last && last[1] === n - 1) last[1] = n;
    else parts.push([n, n]);
  }
  return parts.map(([a, b]) => (a === b ? `${a}` : b === a + 1 ? `${a}, ${b}` : `${a}–${b}`)).join(", ");
}
