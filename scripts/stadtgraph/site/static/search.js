// Search in names, other names and descriptions; window.searchIndex comes from search.<language>.js.
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

const fields = window.searchIndex.map((entry) => [entry[0], entry[3], entry[4]].map((words) => {
  const text = folded(words);
  return [...new Set([...text.split(" "), ...plain(text).split(" ")])];
}));

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
  const length = (hit) => window.searchIndex[hit[1]][0].length;
  const late = (hit) => LATE.includes(window.searchIndex[hit[1]][5]);
  return hits.sort((a, b) => late(a) - late(b) || b[0] - a[0] || length(a) - length(b) || a[1] - b[1]).map((hit) => window.searchIndex[hit[1]]);
}

function show() {
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
  found.textContent = !some ? "" : !hits.length ? found.dataset.none
    : `${hits.length} ${hits.length === 1 ? found.dataset.one : found.dataset.many}`;
}

input.value = new URLSearchParams(location.search).get("q") ?? "";
input.addEventListener("input", show);
input.form.addEventListener("submit", (event) => {
  event.preventDefault();
  history.replaceState(null, "", `?q=${encodeURIComponent(input.value)}`);
  show();
  results.querySelector("a")?.focus();
});
show();
if (!input.value) input.focus();
