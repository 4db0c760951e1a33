// Own questions: with the query editor where the publication brings it, and with a plain text field where it does not.
"use strict";

(() => {
  const form = document.getElementById("ask");
  const field = document.getElementById("query");
  const choice = document.getElementById("example");
  const answer = document.getElementById("answer");
  const words = JSON.parse(form.dataset.words);
  const endpoint = new URL(form.dataset.endpoint, document.baseURI);
  const prefixes = Object.fromEntries(
    [...document.querySelectorAll("#spaces tbody tr")].map((row) => {
      const [name, space] = row.querySelectorAll("code");
      return [name.textContent.slice(0, -1), space.textContent];
    }),
  );
  const address = (format) => {
    const found = new URL(endpoint);
    found.searchParams.set("query", field.value);
    if (format) found.searchParams.set("format", format);
    return found.href;
  };
  const element = (name, text, values = {}) => {
    const made = Object.assign(document.createElement(name), values);
    made.append(text);
    return made;
  };

  // A question that another page chose: sparql.html#example-its-name.
  let put = (text) => { field.value = text; };
  const choose = () => {
    if (choice.value) put(choice.value);
  };
  choice.closest("p").hidden = false;
  choice.addEventListener("change", choose);
  const fromAddress = () => {
    const option = [...choice.options].find((one) => one.dataset.slug && `#example-${one.dataset.slug}` === decodeURIComponent(location.hash));
    if (option) {
      option.selected = true;
      choose();
    }
  };

  // Where the page is served, programs on the same page ask here.
  if (location.protocol.startsWith("http")) {
    const printed = document.querySelector(".endpoint").textContent;
    for (const code of document.querySelectorAll(".endpoint, pre[id^=recipe] code")) {
      code.textContent = code.textContent.replaceAll(printed, endpoint.href);
    }
  }

  // Asked, and sent back as it was published: nobody answers here.
  if (new URLSearchParams(location.search).has("query") && !answer.children.length) {
    answer.append(element("p", words.silent, { className: "fault", role: "alert" }));
  }

  const Editor = window.Yasgui;
  if (!Editor) {
    fromAddress();
    return;
  }

  const { Yasqe, Yasr } = Editor;
  Yasr.plugins.response.defaults.maxLines = 200;
  Yasr.plugins.table.defaults.tableConfig.language = {
    info: words.info, infoEmpty: words.infoEmpty, infoFiltered: words.infoFiltered, emptyTable: words.emptyTable,
    zeroRecords: words.zeroRecords, thousands: document.documentElement.lang === "de" ? "." : ",",
    paginate: { first: "«", previous: "‹", next: "›", last: "»" },
  };
  // Prefixes are the graph's own; the editor's other completions would ask foreign hosts.
  Yasqe.forkAutocompleter("prefixes", {
    name: "graph", persistenceId: null,
    get: () => Object.entries(prefixes).map(([name, space]) => `${name}: <${space}>`),
  }, false);
  const place = document.getElementById("editor");
  const yasqe = new Yasqe(place, {
    value: field.value, persistenceId: null, consumeShareLink: null, createShareableLink: null, showQueryButton: false, resizeable: false,
    autocompleters: ["variables", "graph"], editorHeight: "auto", viewportMargin: Infinity,
    extraKeys: { Tab: false, "Shift-Tab": false, "Ctrl-S": false, "Ctrl-Enter": () => form.requestSubmit(), "Cmd-Enter": () => form.requestSubmit() },
    requestConfig: {
      endpoint: endpoint.href, method: "POST", queryArgument: "query", headers: { "Accept-Language": document.documentElement.lang },
      acceptHeaderSelect: "application/sparql-results+json, text/plain;q=0.5", acceptHeaderGraph: "text/turtle, text/plain;q=0.5",
    },
  });
  yasqe.config.autocompleters = ["variables", "graph"];
  const input = yasqe.getInputField();
  input.setAttribute("aria-labelledby", "query-label");
  input.setAttribute("aria-describedby", "query-keys");
  put = (text) => { yasqe.setValue(text); };
  // The server knows the prefixes; the editor marks them as unknown until they are declared.
  const declare = () => {
    const known = yasqe.getPrefixesFromQuery();
    const bare = yasqe.getValue().replace(/<[^<>\s]*>|"[^"\n]*"|'[^'\n]*'|#.*/g, " ");
    const used = new Set([...bare.matchAll(/(?<![\w?$:-])([A-Za-z]\w*):/g)].map((found) => found[1]));
    const missing = Object.entries(prefixes).filter(([name]) => used.has(name) && !(name in known));
    if (missing.length) yasqe.addPrefixes(Object.fromEntries(missing.reverse()));
  };
  yasqe.on("change", (editor, change) => {
    field.value = yasqe.getValue();
    if (change.origin === "paste" || change.origin === "setValue") setTimeout(declare);
  });
  // Also in a question that came with its answer, or by its address.
  declare();
  field.closest(".question").classList.add("edited");
  field.hidden = true;
  document.getElementById("query-label").addEventListener("click", () => yasqe.focus());
  place.hidden = false;
  document.getElementById("keys").hidden = false;
  yasqe.refresh();
  fromAddress();

  const translate = (root) => {
    const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
      const said = words[walker.currentNode.data];
      if (said) walker.currentNode.data = said;
    }
    for (const one of root.querySelectorAll("[title], [aria-label], [placeholder]")) {
      for (const name of ["title", "aria-label", "placeholder"]) {
        const said = words[one.getAttribute(name)];
        if (said) one.setAttribute(name, said);
      }
    }
  };

  // What was asked is answered further down than many a window reaches.
  const lead = () => {
    const heading = answer.insertBefore(element("h2", words.answer, { tabIndex: -1 }), answer.firstChild);
    heading.focus({ preventScroll: true });
    heading.scrollIntoView({ block: "start" });
  };

  let yasr;
  const open = () => {
    answer.replaceChildren();
    const box = answer.appendChild(element("div", ""));
    yasr = new Yasr(box, {
      persistenceId: null, prefixes, plugins: { table: { enabled: true, dynamicConfig: { compact: true } } }, 
      errorRenderers: [async (error) => element("p", error.text || words.silent)],
    });
    for (const unwanted of yasr.rootEl.querySelectorAll(".yasr_external_ref_btn, .yasr_downloadIcon")) unwanted.remove();
    for (const button of yasr.rootEl.querySelectorAll(".yasr_btnGroup button")) button.removeAttribute("aria-label");
    yasr.on("drawn", () => {
      translate(yasr.rootEl);
      sessionStorage.clear(); // the table notes its widths there; nothing is to stay in the browser
      for (const title of yasr.rootEl.querySelectorAll("th .dt-column-title:empty")) title.append(element("span", words.row, { className: "unseen" }));
      for (const size of yasr.rootEl.querySelectorAll(".tableSizer")) size.setAttribute("aria-label", words["Page size: "].trim());
      for (const box of yasr.rootEl.querySelectorAll(".CodeMirror-scroll")) {
        box.tabIndex = 0;
        box.setAttribute("role", "region");
        box.setAttribute("aria-label", words.Response);
      }
      for (const text of yasr.rootEl.querySelectorAll(".CodeMirror textarea")) text.setAttribute("aria-label", words.Response);
    });
    // What the graph describes has its page here.
    yasr.resultsEl.addEventListener("click", (event) => {
      const link = event.target.closest("a.iri");
      if (link && link.href.startsWith(form.dataset.base)) link.href = new URL(link.href.slice(form.dataset.base.length), endpoint);
    }, true);
  };
  const offer = () => {
    const list = element("ul", "", { className: "formats" });
    const graph = ["CONSTRUCT", "DESCRIBE"].includes(yasqe.getQueryType());
    for (const { value, textContent } of document.getElementById("format").options) {
      if (value !== "html" && graph === ["ttl", "nt", "rdf", "jsonld"].includes(value)) {
        list.append(element("li", element("a", textContent, { href: address(value), download: `answer.${value}` })));
      }
    }
    list.append(element("li", element("a", words.link, { href: address("") })));
    answer.append(element("h3", words.download, { className: "later" }), list);
  };

  form.addEventListener("submit", async (event) => {
    if (document.getElementById("format").value !== "html") return;
    event.preventDefault();
    answer.replaceChildren(element("p", words.asking, { role: "status" }));
    const start = performance.now();
    let found;
    try {
      found = await yasqe.query();
    } catch (error) {
      answer.replaceChildren(element("p", error instanceof TypeError ? words.silent : error.message, { className: "fault", role: "alert" }));
      lead();
      return;
    }
    open();
    yasr.setResponse(found, performance.now() - start);
    offer();
    lead();
  });
})();
