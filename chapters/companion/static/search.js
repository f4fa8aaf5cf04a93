// The book's search: its sections, and the rows of its tables that stand on a page. `search.py` writes the index and says
// what it holds. It is a script, so that it loads from disk too, and is loaded only when somebody searches.
(() => {
  "use strict";
  const [MANY, LONG] = [50, 240]; // results at a time, signs in an excerpt
  const root = document.querySelector("#main .search");
  const part = (selector) => root.querySelector(selector);
  const [form, field, choice, status] = [part("form"), part("input"), part("fieldset"), part("[role='status']")];
  const [heading, list, more, fewer, places] = [part("h2"), part("ol"), part("ol + button"), part(".found-without"), part(".found-places")];

  const fold = (text) => text.normalize("NFKD").replace(/\p{M}/gu, "").replace(/[‘’]/g, "'").toLowerCase(); // as filter.py
  const wordsOf = (query) => [...new Set(fold(query).split(/[ \t\n\r\f\v]+/).filter(Boolean))];
  const results = (number) => `${number || "No"} result${number === 1 ? "" : "s"}`;
  const linkTo = (query) => `?${new URLSearchParams({ q: query })}`;

  function h(tag, attributes = {}, ...children) {
    const made = Object.assign(document.createElement(tag), attributes);
    made.append(...children);
    return made;
  }

  /* The index: loaded once, its text folded in short tasks */

  let index = null;
  let checks = [];
  const load = () => (index ??= new Promise((resolve, reject) => {
    status.textContent = "Loading…";
    window.whoIndex = resolve;
    document.head.append(h("script", { src: root.dataset.index, onerror: reject }));
  }).then(prepare));

  async function prepare({ kinds, pages, entries }) {
    const ready = [];
    let start = performance.now();
    for (const [kind, title, page, anchor, text] of entries) {
      const [[path, name], head] = [pages[page], fold(title)];
      ready.push({
        kind, title, text, head, whole: `${head}\n${fold(text)}`, name: head.split(" (")[0],
        address: anchor ? `${path}#${anchor}` : path, about: anchor ? `${kinds[kind][0]} · ${name}` : "Page",
      });
      if (performance.now() - start < 8) continue;
      await new Promise((resolve) => { setTimeout(resolve); });
      start = performance.now();
    }
    checks = kinds.map(([, many]) => {
      const [input, count] = [h("input", { type: "checkbox", onchange: show }), h("span")];
      const label = choice.appendChild(h("label", {}, input, h("span", {}, `${many} `, count)));
      return { input, count, label };
    });
    return ready;
  }

  /* What matches, in the order of the ranks and then of the index */

  const LETTER = /[\p{L}\p{N}]/u;
  function begins(text, word) {
    for (let at = text.indexOf(word); at >= 0; at = text.indexOf(word, at + 1)) {
      if (at === 0 || !LETTER.test(text[at - 1])) return true;
    }
    return false;
  }
  function find(entries, words) {
    const [named, titled, inTitle, told, inText] = [[], [], [], [], []];
    for (const entry of entries) {
      if (!words.every((word) => entry.whole.includes(word))) continue;
      if (entry.name === words.join(" ")) named.push(entry);
      else if (words.every((word) => entry.head.includes(word)))
        (words.every((word) => begins(entry.head, word)) ? titled : inTitle).push(entry);
      else (words.every((word) => begins(entry.whole, word)) ? told : inText).push(entry);
    }
    return [...named, ...titled, ...inTitle, ...told, ...inText];
  }

  /* What is shown */

  /** Where the words stand in `text`, as pairs of start and end; a text and its folded form can differ in length. */
  function hits(text, words) {
    const origin = [];
    let [folded, at] = ["", 0];
    for (const sign of text) {
      const plain = sign < "\x80" ? sign.toLowerCase() : fold(sign);
      for (let n = 0; n < plain.length; n += 1) origin.push(at);
      folded += plain;
      at += sign.length;
    }
    origin.push(at);
    const longest = [...words].sort((a, b) => b.length - a.length).map((word) => word.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&"));
    const found = folded.matchAll(new RegExp(longest.join("|"), "g"));
    return Array.from(found, ({ 0: word, index: start }) => [origin[start], origin[start + word.length]]);
  }

  /** The part of `text` around the first word found, as nodes, with every word found in it marked. */
  function excerpt(text, words) {
    const found = hits(text, words);
    const [first] = found.find(([from]) => from === 0 || !LETTER.test(text[from - 1])) ?? found[0] ?? [0];
    const start = first < LONG / 2 ? 0 : text.lastIndexOf(" ", first - LONG / 3) + 1;
    const space = text.lastIndexOf(" ", start + LONG);
    const end = start + LONG >= text.length ? text.length : space > first ? space : start + LONG;
    const nodes = [start ? "… " : ""];
    let at = start;
    for (const [from, to] of found) if (from >= at && to <= end) {
      nodes.push(text.slice(at, from), h("mark", {}, text.slice(from, to)));
      at = to;
    }
    return [...nodes, text.slice(at, end), end < text.length ? " …" : ""];
  }

  let [waiting, asked] = [[], []];
  function showMore() {
    const items = waiting.splice(0, MANY).map(({ address, title, about, text }) => h("li", {},
      h("a", { href: address }, title), h("p", {}, about), ...(text ? [h("p", {}, ...excerpt(text, asked))] : [])));
    list.append(...items);
    more.hidden = !waiting.length;
    return items[0];
  }

  async function show() {
    let entries;
    try { entries = await load(); } catch {
      index = null; // so that the next search asks for it again
      status.textContent = "The index of the book could not be loaded.";
      return;
    }
    const query = field.value.trim();
    asked = wordsOf(query);
    const found = asked.length ? find(entries, asked) : [];
    const chosen = checks.some(({ input }) => input.checked) ? found.filter(({ kind }) => checks[kind].input.checked) : found;
    const counts = checks.map(() => 0);
    for (const { kind } of found) counts[kind] += 1;
    checks.forEach(({ input, count, label }, kind) => {
      count.textContent = `(${counts[kind]})`;
      label.hidden = !counts[kind] && !input.checked;
    });
    [choice.hidden, heading.hidden, places.hidden] = [!found.length, !chosen.length, found.length > 0];
    waiting = [...chosen];
    list.replaceChildren();
    showMore();
    const of = chosen.length < found.length ? `${chosen.length} of ` : "";
    status.textContent = asked.length ? `${of}${results(found.length)} for “${query}”` : "";
    fewer.replaceChildren(...(found.length ? [] : without(entries, asked)));
  }

  /** A link for every word without which there would be results. */
  function without(entries, words) {
    return words.flatMap((word) => {
      const others = words.filter((other) => other !== word);
      const count = others.length ? find(entries, others).length : 0;
      return count ? [h("p", {}, h("a", { href: linkTo(others.join(" ")) }, `${results(count)} without “${word}”`))] : [];
    });
  }

  let timer = 0;
  function ask() {
    clearTimeout(timer);
    timer = setTimeout(() => {
      const query = field.value.trim();
      try { history.replaceState(null, "", query ? linkTo(query) : location.pathname); } catch { /* some browsers, from disk */ }
      show();
    }, 120);
  }
  field.addEventListener("focus", () => { if (!index) show(); });
  field.addEventListener("input", ask);
  form.addEventListener("submit", (event) => { event.preventDefault(); ask(); });
  more.addEventListener("click", () => showMore().querySelector("a").focus());
  part(".search-unable").remove();
  form.hidden = false;
  field.value = (new URLSearchParams(location.search).get("q") ?? "").slice(0, field.maxLength);
  if (field.value.trim()) show();
})();
