// The timeline's front end: an Anywidget Front-End Module, without a framework and without imports.
//
// The list of events is HTML that Python has written (trait `html`, or the page itself). This module adds the controls,
// shows the events that the view leaves, and moves between them. The view is the model's traits `query`, `kinds`,
// `from_year`, `to_year`, `who` and `selected`. The book's build makes a classic script of it, with static/host.js.

const VIEW = ["query", "kinds", "from_year", "to_year", "who"];

const fold = (text) => text.normalize("NFKD").replace(/\p{M}/gu, "").replace(/[‘’]/g, "'").toLowerCase();

/** Whether an event stays in the list; `matches` in timeline.py says the same, and what row and view hold. */
function matches(row, view, text = fold(row.text)) {
  return (
    view.kinds.includes(row.kind) &&
    (view.from_year === null || row.to >= view.from_year) &&
    (view.to_year === null || row.from <= view.to_year) &&
    (view.who === "" || row.who.includes(view.who)) &&
    fold(view.query).split(/[ \t\n\r\f\v]+/).every((word) => text.includes(word))
  );
}

/** An element: h("input", {type: "search", oninput: f}, "text", child) */
function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") element[name] = value;
    else if (value !== false && value !== undefined) element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children);
  return element;
}

const year = (input) => (/^\d{4}$/.test(input.value.trim()) ? input.valueAsNumber : null);

/** The view as the query of a link, and back: ?q=&kind=&from=&to=&who= (a kind each; no kind at all is all). */
function toQuery(model) {
  const query = new URLSearchParams();
  if (model.get("query")) query.set("q", model.get("query"));
  if (model.get("kinds").length < model.get("lanes").length) query.set("kind", model.get("kinds").join(","));
  if (model.get("from_year") !== null) query.set("from", model.get("from_year"));
  if (model.get("to_year") !== null) query.set("to", model.get("to_year"));
  if (model.get("who")) query.set("who", model.get("who"));
  return query;
}

function fromQuery(model, query) {
  const number = (name) => (/^\d{1,4}$/.test(query.get(name) ?? "") ? Number(query.get(name)) : null);
  const names = model.get("names");
  const who = query.get("who") ?? "";
  if (query.has("q")) model.set("query", query.get("q"));
  if (query.has("kind")) {
    const asked = query.getAll("kind").flatMap((value) => value.split(","));
    const known = model.get("lanes").filter((kind) => asked.includes(kind));
    if (known.length) model.set("kinds", known);
  }
  model.set("from_year", number("from"));
  model.set("to_year", number("to"));
  model.set("who", who in names ? who : Object.keys(names).find((id) => fold(names[id]) === fold(who)) ?? "");
}

const atEvent = () => /^#event-([a-z0-9-]+)$/.exec(location.hash)?.[1] ?? "";

function render({ model, el }) {
  let section = el.querySelector("section.timeline");
  if (!section) {
    el.innerHTML = model.get("html"); // escaped where it is written, in timeline.py
    section = el.querySelector("section.timeline");
  }
  const rows = model.get("rows");
  const kinds = model.get("lanes");
  const texts = new Map(rows.map((row) => [row.id, fold(row.text)]));
  const items = new Map([...section.querySelectorAll("li[id^='event-']")].map((item) => [item.id.slice(6), item]));
  const marks = [...section.querySelectorAll("[data-event]")];
  const list = section.querySelector(".timeline-events");
  const groups = [...section.querySelectorAll(".timeline-year")];
  const aborter = new AbortController();
  const { signal } = aborter;

  // The controls
  const set = (name, value) => { model.set(name, value); model.save_changes(); };
  const years = rows.flatMap((row) => [row.from, row.to]);
  const range = { type: "number", inputmode: "numeric", step: 1, min: Math.min(...years), max: Math.max(...years) };
  const search = h("input", { type: "search", autocomplete: "off", spellcheck: "false", oninput: () => set("query", search.value) });
  const boxes = kinds.map((kind) => h("input", { type: "checkbox", value: kind, onchange: () =>
    set("kinds", boxes.filter((box) => box.checked).map((box) => box.value)) }));
  const from = h("input", { ...range, oninput: () => set("from_year", year(from)) });
  const to = h("input", { ...range, oninput: () => set("to_year", year(to)) });
  const who = h("select", { onchange: () => set("who", who.value) }, h("option", { value: "" }, "Anyone"),
    ...Object.entries(model.get("names")).sort((a, b) => fold(a[1]) < fold(b[1]) ? -1 : 1)
      .map(([id, name]) => h("option", { value: id }, name)));
  const reset = h("button", { type: "button", onclick: () => {
    for (const [name, value] of [["query", ""], ["kinds", kinds], ["from_year", null], ["to_year", null], ["who", ""]])
      model.set(name, value);
    model.save_changes();
  } }, "Reset");
  const said = h("span", { class: "timeline-said", "aria-live": "polite" });
  const share = model.get("book") && h("button", { type: "button", onclick: copyLink }, "Copy link to this view");
  const status = h("p", { class: "timeline-status", role: "status" });
  const none = h("p", { class: "timeline-none", hidden: true }, "No event matches all of these filters. “Reset” shows every event again.");
  const controls = h("div", { class: "timeline-controls" },
    h("label", { class: "timeline-search" }, h("span", {}, "Search events"), search),
    h("details", { class: "timeline-filters", open: !matchMedia("(max-width: 40rem)").matches },
      h("summary", {}, "Filters"),
      h("fieldset", {}, h("legend", {}, "Kinds"), ...boxes.map((box) =>
        h("label", { class: "timeline-kind", "data-kind": box.value }, box, box.value))),
      h("div", { class: "timeline-fields" },
        h("label", {}, h("span", {}, "From year"), from), h("label", {}, h("span", {}, "To year"), to),
        h("label", {}, h("span", {}, "Person or organisation"), who))),
    h("div", { class: "timeline-actions" }, reset, share || "", said), status,
    h("p", { class: "timeline-keys" }, "In the list, arrow keys move between events, and Enter marks one."));

  // The view
  function show() {
    const view = Object.fromEntries(VIEW.map((name) => [name, model.get(name)]));
    const shown = new Set(rows.filter((row) => matches(row, view, texts.get(row.id))).map((row) => row.id));
    for (const [id, item] of items) item.hidden = !shown.has(id);
    for (const group of groups) group.hidden = !group.querySelector("li:not([hidden])");
    for (const mark of marks) mark.classList.toggle("out", !shown.has(mark.dataset.event));
    if (fold(search.value) !== fold(view.query)) search.value = view.query;
    for (const box of boxes) box.checked = view.kinds.includes(box.value);
    for (const [input, value] of [[from, view.from_year], [to, view.to_year]])
      if (year(input) !== value && document.activeElement !== input) input.value = value ?? "";
    who.value = view.who;
    none.hidden = shown.size > 0;
    const count = `Showing ${shown.size} of ${rows.length} events`;
    if (status.textContent !== count) status.textContent = count; // said once, not at every key
    said.textContent = "";
    rove(items.get(model.get("selected")));
  }

  function select() {
    const id = model.get("selected");
    for (const [other, item] of items) other === id ? item.setAttribute("aria-current", "true") : item.removeAttribute("aria-current");
    for (const mark of marks) mark.classList.toggle("selected", mark.dataset.event === id);
    rove(items.get(id));
    if (items.has(id)) items.get(id).scrollIntoView({ block: "nearest" });
  }

  // Moving: one event at a time is a tab stop (the roving tabindex of the ARIA Authoring Practices Guide)
  const visible = () => [...items.values()].filter((item) => !item.hidden);
  function rove(to) {
    const stop = to && !to.hidden ? to : visible()[0];
    for (const item of items.values())
      for (const part of [item, ...item.querySelectorAll("a")]) part.tabIndex = item === stop ? 0 : -1;
    return stop;
  }
  function go(item) {
    item.focus({ preventScroll: true });
    item.scrollIntoView({ block: item.offsetHeight + 80 > Math.min(list.clientHeight, innerHeight) ? "start" : "nearest" });
  }
  function move(event) {
    const step = { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1, Home: -Infinity, End: Infinity }[event.key];
    const here = event.target.closest("li[id^='event-']");
    if (event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return;
    if (step !== undefined) {
      const stops = visible();
      if (!stops.length) return;
      if (here && /^Arrow(Up|Down)$/.test(event.key)) { // an event taller than its window is read before it is left
        const [box, at] = [list.getBoundingClientRect(), here.getBoundingClientRect()];
        if (at.height > Math.min(box.height, innerHeight) - 80
          && (step > 0 ? at.bottom > Math.min(box.bottom, innerHeight) + 1 : at.top < Math.max(box.top, 0))) return;
      }
      const next = here ? stops.indexOf(here) + step : step > 0 ? 0 : stops.length - 1;
      event.preventDefault();
      go(rove(stops[Math.max(0, Math.min(stops.length - 1, event.key === "Home" ? 0 : event.key === "End" ? Infinity : next))]));
    } else if (here === event.target && (event.key === "Enter" || event.key === " ")) {
      event.preventDefault();
      set("selected", here.id.slice(6));
      said.textContent = "Event marked.";
    }
  }

  async function copyLink() {
    const link = new URL(location.href);
    link.search = toQuery(model);
    link.hash = model.get("selected") ? `event-${model.get("selected")}` : "";
    history.replaceState(null, "", link);
    try {
      await navigator.clipboard.writeText(link.href);
      said.textContent = "Link copied.";
    } catch {
      said.textContent = "The link now stands in the address bar.";
    }
  }

  list.addEventListener("keydown", move, { signal });
  list.addEventListener("focusin", (event) => {
    const item = event.target.closest("li[id^='event-']");
    if (item) rove(item);
  }, { signal });
  list.addEventListener("click", (event) => {
    const item = event.target.closest("li[id^='event-']");
    if (item && !event.target.closest("a")) set("selected", item.id.slice(6));
  }, { signal });
  for (const mark of marks) mark.addEventListener("click", () => set("selected", mark.dataset.event), { signal });
  for (const name of VIEW) model.on(`change:${name}`, show);
  model.on("change:selected", select);

  // In the book the address holds the view
  function arrive() {
    const id = atEvent();
    if (!items.has(id)) return;
    if (items.get(id).hidden) reset.onclick();
    set("selected", id);
    go(items.get(id));
  }
  if (model.get("book")) {
    fromQuery(model, new URLSearchParams(location.search));
    window.addEventListener("hashchange", arrive, { signal });
  }

  list.setAttribute("role", "region");
  list.setAttribute("aria-label", `Events: ${section.querySelector(".timeline-title").textContent}`);
  list.tabIndex = 0;
  list.before(controls);
  list.prepend(none);
  section.classList.add("is-live");
  show();
  select();
  if (model.get("book")) arrive();

  return () => {
    aborter.abort();
    for (const name of VIEW) model.off(`change:${name}`, show);
    model.off("change:selected", select);
  };
}

export default { render, matches };
