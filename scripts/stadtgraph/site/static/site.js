// Copy buttons, and what belongs together in the picture.
"use strict";

for (const button of document.querySelectorAll("[data-copy]")) {
  // Browsers let pages copy only under https and on the machine itself.
  button.hidden = !navigator.clipboard;
  // Who cannot see the button hears that its words change.
  button.ariaLive = "polite";
  const words = button.textContent;
  let rest;
  button.addEventListener("click", async () => {
    const copied = document.getElementById(button.dataset.copy);
    try {
      await navigator.clipboard.writeText(copied.textContent);
    } catch {
      // Not allowed to: it is marked, to be copied by hand.
      getSelection().selectAllChildren(copied);
      return;
    }
    button.textContent = button.dataset.done;
    clearTimeout(rest);
    rest = setTimeout(() => { button.textContent = words; }, 2000);
  });
}

const picture = document.querySelector(".picture svg");
if (picture) {
  const things = [...picture.querySelectorAll(".things a")];
  const lines = [...picture.querySelectorAll(".line")];
  const names = new Map(things.map((thing) => [thing, thing.dataset.name ?? thing.querySelector("title").textContent.split(" – ")[0]]));
  const ends = new Map(lines.map((line) => {
    const [from, , to] = line.querySelector("title").textContent.split(" – ");
    return [line, [line.dataset.from ?? from, line.dataset.to ?? to]];
  }));
  const show = (thing) => {
    const near = new Set([names.get(thing)]);
    for (const [line, pair] of ends) {
      const joined = pair.includes(names.get(thing));
      line.classList.toggle("dimmed", !joined);
      if (joined) pair.forEach((end) => near.add(end));
    }
    for (const other of things) other.classList.toggle("dimmed", !near.has(names.get(other)));
  };
  const rest = () => {
    for (const dimmed of picture.querySelectorAll(".dimmed")) dimmed.classList.remove("dimmed");
  };
  for (const thing of things) {
    thing.addEventListener("pointerenter", () => show(thing));
    thing.addEventListener("pointerleave", rest);
    thing.addEventListener("focus", () => show(thing));
    thing.addEventListener("blur", rest);
  }
}
