// Search in names, other names and descriptions; search.<language>.js has either all entries or where they lie.
"use strict";

const input = document.getElementById("q");
const found = document.getElementById("found");
const results = document.getElementById("results");
const LIMIT = 60;
// What backs the rest comes after what people look for.
const LATE = ["source", "graph", "other", "term", "rule"];

function folded(words) {
  return words.toLowerCase()
    .replaceAll("ä", "ae").replaceAll("ö", "oe").replaceAll("ü", "ue").replaceAll("ß", "ss")
    .normalize("NFKD").replace(/[\u0300-\u036f]/g, "")
    .replace(/[^a-z0-9]+/g, " ").trim();
}

// Whether two words differ by at most one letter: missing, added, changed, or two swapped.
// The second may go on: what is typed is often only a beginning.
function near(typed, word) {
  const longest = typed.length;
  if (longest < 4) return false;
  for (let at = 0; at <= longest; at += 1) {
    if (typed[at] === word[at] && at < longest) continue;
    if (at === longest) return true;
    return word.startsWith(typed.slice(at + 1), at)
      || word.startsWith(typed.slice(at), at + 1)
      || word.startsWith(typed.slice(at + 1), at + 1)
      || (typed[at] === word[at + 1] && typed[at + 1] === word[at] && word.startsWith(typed.slice(at + 2), at + 2));
  }
  return false;
}

// "u" for "ü" is how many people type: both spellings of an umlaut count as the same letter.
const plain = (words) => words.replace(/(a|o|u)e/g, "$1");

// The words of name, other names and description of each entry.
const worded = (entries) => entries.map((entry) => [entry[0], entry[3], entry[4]].map((words) => {
  const text = folded(words);
  return [...new Set([...text.split(" "), ...plain(text).split(" ")])];
}));

let entries = window.searchIndex ?? [];
let fields = worded(entries);

// A large city's entries lie in parts, by how the words of their names begin: those that fit are fetched.
const held = {};
window.searchPart = (part, found) => { held[part] = found; };

const fetched = (part) => held[part] ?? new Promise((done) => {
  const script = document.createElement("script");
  script.src = `${window.searchParts.folder}${part}.js`;
  script.onload = script.onerror = done;
  document.head.append(script);
});

// The parts that can hold a word: those that begin with it, else the longest that it begins with.
function partsFor(word) {
  const all = Object.keys(window.searchParts.parts);
  const found = new Set();
  for (const written of [word, plain(word)]) {
    const further = all.filter((part) => part.startsWith(written));
    const shorter = all.filter((part) => written.startsWith(part)).sort((a, b) => b.length - a.length);
    for (const part of [...further, ...shorter.slice(0, 1)]) found.add(part);
  }
  return [...found];
}

// Fetch what the rarest of the words needs; tell whether there is more than what was fetched.
async function choose(question) {
  const { parts, most } = window.searchParts;
  const size = (chosen) => chosen.reduce((sum, part) => sum + parts[part], 0);
  const choices = folded(question).split(" ").filter(Boolean).map(partsFor).sort((a, b) => size(a) - size(b));
  const chosen = choices[0] ?? [];
  if (size(chosen.filter((part) => parts[part] <= most)) > 2 * most) return { found: [], more: true };
  await Promise.all(chosen.map(fetched));
  const found = new Map(chosen.flatMap((part) => held[part] ?? []).map((entry) => [entry[2], entry]));
  return { found: [...found.values()], more: chosen.some((part) => parts[part] > most) };
}

function points(typed, words) {
  let best = 0;
  for (const word of words) {
    if (word === typed) return 4;
    if (word.startsWith(typed)) best = Math.max(best, 3);
    else if (typed.length > 2 && word.includes(typed)) best = Math.max(best, 2);
    else if (best < 1 && near(typed, word)) best = 1;
  }
  return best;
}

function search(question) {
  const typed = folded(question).split(" ").filter(Boolean);
  if (!typed.length) return [];
  const hits = [];
  fields.forEach((texts, number) => {
    let sum = 0;
    for (const word of typed) {
      const [name, other, lead] = texts.map((words) => Math.max(points(word, words), points(plain(word), words)));
      const best = Math.max(name * 4, other * 3, lead);
      if (!best) return;
      sum += best;
    }
    hits.push([sum, number]);
  });
  const length = (hit) => entries[hit[1]][0].length;
  const late = (hit) => LATE.includes(entries[hit[1]][5]);
  return hits.sort((a, b) => late(a) - late(b) || b[0] - a[0] || length(a) - length(b) || a[1] - b[1]).map((hit) => entries[hit[1]]);
}

let turn = 0;

async function show() {
  let more = false;
  if (window.searchParts) {
    turn += 1;
    const mine = turn;
    const chosen = await choose(input.value);
    if (mine !== turn) return;
    entries = chosen.found;
    fields = worded(entries);
    more = chosen.more;
  }
  const hits = search(input.value);
  results.replaceChildren(...hits.slice(0, LIMIT).map(([name, kind, link, , lead, section]) => {
    const item = document.createElement("li");
    const anchor = document.createElement("a");
    anchor.href = link;
    anchor.className = `thing ${section}`;
    anchor.textContent = name;
    const note = document.createElement("span");
    note.className = "note";
    note.textContent = kind;
    const words = document.createElement("p");
    words.textContent = lead;
    item.append(anchor, note, ...(lead ? [words] : []));
    return item;
  }));
  const some = input.value.trim();
  const count = `${hits.length} ${hits.length === 1 ? found.dataset.one : found.dataset.many}`;
  found.textContent = !some ? "" : more ? found.dataset.more : hits.length ? count : found.dataset.none;
}

input.value = new URLSearchParams(location.search).get("q") ?? "";
input.addEventListener("input", show);
input.form.addEventListener("submit", async (event) => {
  event.preventDefault();
  history.replaceState(null, "", `?q=${encodeURIComponent(input.value)}`);
  await show();
  results.querySelector("a")?.focus();
});
// What the server has found by all that it knows is not replaced by less.
if (!window.searchParts || !results.children.length) show();
if (!input.value) input.focus();
