// The timeline's front end: an Anywidget Front-End Module, without a framework and without imports.
//
// The list of events is HTML that Python has written (trait `html`, or the page itself). This module adds the controls,
// shows the events that the view leaves, draws the chart, and moves between events. The view is the model's traits named
// in `PARAMETERS`, and `selected`. The book's build makes a classic script of it, with static/host.js.

const BOOK = "Who Is in the Room?";
const PARAMETERS = {
  query: "q", kinds: "kind", from_year: "from", to_year: "to", who: "who", region: "region", confidence: "confidence",
  article: "article", path: "path",
};

/* The filter: filter.py is its specification, and says what an event (row) and a view hold. */

const fold = (text) => text.normalize("NFKD").replace(/\p{M}/gu, "").replace(/[‘’]/g, "'").toLowerCase();

/** The conditions, on rows whose text is folded and views whose query is split into `words`. */
const FILTERS = {
  kinds: (row, view) => view.kinds.includes(row.kind),
  years: (row, view) => (view.from_year === null || row.to >= view.from_year)
    && (view.to_year === null || row.from <= view.to_year),
  who: (row, view) => view.who === "" || row.who.includes(view.who),
  region: (row, view) => view.region === "" || row.regions.includes(view.region),
  confidence: (row, view) => view.confidence === "" || row.confidence === view.confidence,
  article: (row, view) => row.article || !view.article,
  path: (row, view) => view.path === "" || row.paths.includes(view.path),
  query: (row, view) => view.words.every((word) => row.text.includes(word)),
};
const NAMED = {
  query: "the search", kinds: "the kinds", years: "the years", who: "the person or organisation", region: "the region",
  confidence: "the confidence", article: "“only what the article mentions”", path: "the path",
};

const prepared = (view) => ({ ...view, words: fold(view.query).split(/[ \t\n\r\f\v]+/) });

function matches(row, view) {
  const [folded, ready] = [{ ...row, text: fold(row.text) }, prepared(view)];
  return Object.values(FILTERS).every((holds) => holds(folded, ready));
}

/** Filters the events (sets their `out`), and counts what each option would leave beside the other filters, and what
    dropping a single filter would bring back. An event's `options` are pairs of a filter and "filter value". */
function tally(events, view) {
  const [shown, counts, without] = [[], Object.create(null), {}];
  for (const event of events) {
    let [fails, failed] = [0, ""];
    for (const name in FILTERS) if (!FILTERS[name](event, view)) {
      failed = name;
      if (++fails > 1) break;
    }
    event.out = fails > 0;
    if (!fails) shown.push(event);
    else if (fails === 1) without[failed] = (without[failed] ?? 0) + 1;
    if (fails < 2) for (const [name, key] of event.options) if (!fails || failed === name) counts[key] = (counts[key] ?? 0) + 1;
  }
  return { shown, counts, without };
}

/** An element: h("input", {type: "search", oninput: f}, "text", child); "svg:g" is one of SVG. */
function h(tag, attributes = {}, ...children) {
  const element = tag.startsWith("svg:")
    ? document.createElementNS("http://www.w3.org/2000/svg", tag.slice(4)) : document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") element[name] = value;
    else if (value !== false && value !== undefined) element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children);
  return element;
}

/* The view as the query of a link, and back (a kind each; no kind at all is all). */

function toQuery(model) {
  const query = new URLSearchParams(model.get("name") && { in: model.get("name") });
  for (const [name, key] of Object.entries(PARAMETERS)) {
    const value = model.get(name);
    if (name === "kinds" ? value.length < model.get("lanes").length : value !== null && value !== "" && value !== false)
      query.set(key, value === true ? 1 : value);
  }
  return query;
}

function fromQuery(model, query, options) {
  if ((query.get("in") ?? "") !== model.get("name")) return;
  const number = (key) => (/^\d{1,4}$/.test(query.get(key) ?? "") ? Number(query.get(key)) : null);
  const [names, who, asked] = [model.get("names"), query.get("who") ?? "", query.getAll("kind").join().split(",")];
  const kinds = model.get("lanes").filter((kind) => asked.includes(kind));
  if (query.has("q")) model.set("query", query.get("q"));
  if (kinds.length) model.set("kinds", kinds);
  model.set("from_year", number("from"));
  model.set("to_year", number("to"));
  model.set("who", Object.hasOwn(names, who) ? who : Object.keys(names).find((id) => fold(names[id]) === fold(who)) ?? "");
  for (const name of ["region", "confidence", "path"])
    if (options[name].includes(query.get(name))) model.set(name, query.get(name));
  model.set("article", query.get("article") === "1");
}

/* The chart */

const [MARKS, LABELS, MARK, ROW] = [400, 84, 10, 11]; // above 400 marks a lane shows how many, as in picture.py
const SHAPES = { disputed: "M0-5.6 5.6 0 0 5.6-5.6 0Z" };
const CIRCLE = "M-4 0a4 4 0 1 0 8 0a4 4 0 1 0-8 0";
const MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(" ");

/** Years to pixels (`x`) and back (`year`), and the `ticks`. Where nine in ten events fall into the last part of a long
    time, the part before is compressed. `starts` are in the order of time. */
function axis(starts, low, high, width) {
  const busy = Math.floor(starts[Math.floor(starts.length / 10)] ?? low);
  const knots = busy - low > high - busy ? [[low, 0], [busy, 0.16 * width], [high, width]] : [[low, 0], [high, width]];
  const convert = (value, from, to) => {
    const part = knots.length > 2 && value > knots[1][from] ? 1 : 0;
    const [a, b] = [knots[part], knots[part + 1]];
    return a[to] + ((value - a[from]) / (b[from] - a[from])) * (b[to] - a[to]);
  };
  const [[first, left], [, right]] = knots.slice(-2);
  const step = [1 / 12, 1 / 4, 1, 2, 5, 10, 20, 50].find((years) => (years * (right - left)) / (high - first) >= 44) ?? 100;
  const ticks = knots.length > 2 ? [low] : [];
  for (let n = Math.ceil(first / step - 1e-9); n * step < high - 1e-9; n += 1) ticks.push(n * step);
  return {
    x: (year) => Math.max(0, Math.min(width, convert(year, 0, 1))), year: (x) => convert(x, 1, 0),
    ticks: ticks.map((year) => [year, Math.abs(year - Math.round(year)) < 0.01
      ? Math.round(year) : MONTHS[Math.round((year % 1) * 12)]]),
  };
}

/** Draws the events of [low, high) into `svg`, lanes by kind under each panel; returns the axis and the marks' places. */
function drawChart(svg, { width, events, low, high, lanes, panels, selected }) {
  const plot = Math.max(120, width - LABELS - 12);
  const inside = events.filter((event) => event.end > low && event.start < high);
  const scale = axis(inside.map((event) => event.start), low, high, plot);
  const [drawn, places, binned] = [[], [], inside.length > MARKS];
  const most = binned && Math.max(...panels.flatMap((_, panel) => lanes.map((kind) => Math.max(...bins(panel, kind).all))));
  let top = 0;

  function bins(panel, kind) {
    const [all, left] = [new Uint32Array(Math.ceil(plot / 5) + 1), new Uint32Array(Math.ceil(plot / 5) + 1)];
    for (const event of inside) if (event.kind === kind && event.panels.includes(panel)) {
      const bin = Math.floor(scale.x((event.start + event.end) / 2) / 5);
      all[bin] += 1;
      if (!event.out) left[bin] += 1;
    }
    return { all, left };
  }
  function strip(counts, attributes) { // one path: a column for each bin
    let d = "";
    counts.forEach((count, bin) => { if (count) d += `M${bin * 5} ${top + 26}v${-Math.max(1.5, (24 * count) / most)}h4v${Math.max(1.5, (24 * count) / most)}z`; });
    drawn.push(h("svg:path", { d, ...attributes }));
  }
  function mark(event, level) {
    const [x0, x1, y] = [scale.x(event.start), scale.x(event.end), top + 8 + level * ROW];
    const [x, key] = [(x0 + x1) / 2, { "data-event": event.id, "data-kind": event.kind }];
    if (x1 - x0 > MARK) drawn.push(h("svg:rect", { ...key, class: `span${event.out ? " out" : ""}`, x: x0, y: y - 1.5, width: x1 - x0, height: 3 }));
    drawn.push(h("svg:path", {
      ...key, d: SHAPES[event.confidence] ?? CIRCLE, transform: `translate(${x.toFixed(1)} ${y})`,
      class: `${event.confidence}${event.out ? " out" : ""}${event.id === selected ? " selected" : ""}`,
    }, h("svg:title", {}, event.item.querySelector(".event-title").textContent)));
    if (!event.out) places.push({ event, x, y });
  }

  for (const [panel, name] of panels.entries()) {
    if (name) drawn.push(h("svg:text", { x: 8 - LABELS, y: (top += 20) - 5, class: "panel" }, name));
    for (const kind of lanes) {
      if (!events.some((event) => event.kind === kind && event.panels.includes(panel))) continue;
      drawn.push(h("svg:text", { x: -10, y: top + 12, "text-anchor": "end" }, kind));
      if (binned) {
        const { all, left } = bins(panel, kind);
        strip(all, { "data-kind": kind, class: "out" });
        strip(left, { "data-kind": kind });
        top += 30;
      } else {
        const levels = []; // the end of each row of marks: an event takes the first row that is free
        for (const event of inside) if (event.kind === kind && event.panels.includes(panel)) {
          const [x0, x1] = [scale.x(event.start), scale.x(event.end)];
          const [start, stop] = [Math.min(x0, (x0 + x1 - MARK) / 2), Math.max(x1, (x0 + x1 + MARK) / 2)];
          const free = levels.findIndex((end) => end <= start);
          const level = free < 0 ? levels.length : free;
          levels[level] = stop + 1;
          mark(event, level);
        }
        top += Math.max(1, levels.length) * ROW + 8;
      }
      drawn.push(h("svg:path", { d: `M0 ${top - 1}H${plot}`, class: "grid" }));
    }
  }
  const years = scale.ticks.flatMap(([year, label]) => [h("svg:path", { d: `M${scale.x(year)} 0V${top}`, class: "grid" }),
    h("svg:text", { x: scale.x(year), y: top + 14, "text-anchor": "middle" }, label)]);
  svg.setAttribute("viewBox", `0 0 ${width} ${top + 24}`);
  svg.replaceChildren(h("svg:g", { transform: `translate(${LABELS} 4)`, "aria-hidden": "true" }, ...years, ...drawn));
  return { scale, places };
}

/** The live chart in `figure`: a tap marks the nearest event, a drag asks for the years that it covers. */
function liveChart({ figure, events, lanes, panels, first, last, set, signal }) {
  const svg = h("svg:svg", { class: "timeline-live", role: "img" });
  const brush = h("svg:rect", { class: "brush", y: 0, height: "100%" });
  let [drawn, held] = [null, null];

  const across = ({ clientX, clientY }) => { // from the page to the plot
    const [box, scale] = [svg.getBoundingClientRect(), svg.viewBox.baseVal.width / svg.clientWidth];
    return { x: (clientX - box.left) * scale - LABELS, y: (clientY - box.top) * scale - 4 };
  };
  const covered = (pointer) => [held, across(pointer).x].sort((a, b) => a - b);
  const hand = {
    pointerdown(pointer) {
      if (pointer.button || !drawn) return;
      held = across(pointer).x;
      svg.setPointerCapture(pointer.pointerId);
    },
    pointermove(pointer) {
      if (held === null) return;
      const [a, b] = covered(pointer);
      brush.setAttribute("x", a + LABELS);
      brush.setAttribute("width", b - a);
      svg.append(brush);
    },
    pointerup(pointer) {
      if (held === null) return;
      const [[a, b], { x, y }] = [covered(pointer), across(pointer)];
      hand.pointercancel();
      const [from_year, to_year] = [a, b].map((end) => Math.max(first, Math.min(last, Math.floor(drawn.scale.year(end)))));
      const far = (place) => Math.hypot(place.x - x, place.y - y);
      const near = drawn.places.sort((one, other) => far(one) - far(other))[0];
      if (b - a > 8 || (!near && a > 0)) set({ from_year, to_year });
      else if (near && far(near) < 24) set({ selected: near.event.id });
    },
    pointercancel() {
      held = null;
      brush.remove();
    },
  };
  for (const [name, listener] of Object.entries(hand)) svg.addEventListener(name, listener, { signal });

  return function draw(view, shown, selected) {
    let [low, high] = [view.from_year ?? first, (view.to_year ?? last) + 1];
    if (high <= low) [low, high] = [first, last + 1];
    if (!drawn) figure.prepend(svg); // until then the stored picture stands
    drawn = drawChart(svg, { width: figure.clientWidth, events, low, high, lanes, panels, selected });
    const kinds = lanes.map((kind) => [shown.filter((event) => event.kind === kind).length, kind]).filter(([n]) => n);
    svg.setAttribute("aria-label", `Chart of the events from ${low} to ${high - 1}, in lanes by kind. ${shown.length} of `
      + `${events.length} are shown: ${kinds.map((kind) => kind.join(" ")).join(", ") || "none"}.`);
  };
}

/* The controls */

const inYears = (input) => (/^\d{4}$/.test(input.value.trim()) ? input.valueAsNumber : null);
const button = (words, onclick) => h("button", { type: "button", onclick }, words);

/** The filters: `show` puts a view into them, `count` says beside every option how many events it would leave. */
function filterForm({ title, events, lanes, names, options, paths, first, last, everything, set, start, actions }) {
  const uid = Math.random().toString(36).slice(2);
  const field = (words, control) => h("label", {}, h("span", {}, words), control);
  const check = (words, key, attributes, data = {}) => {
    const [id, input] = [`${uid}-${key.replace(/\s/g, "-")}`, h("input", { type: "checkbox", ...attributes })];
    input.setAttribute("aria-describedby", id);
    const total = h("span", { class: "timeline-count", id });
    return { key, input, total, whole: h("span", { class: "timeline-kind", ...data }, h("label", {}, input, words), total) };
  };
  const choice = (name, none, entries) => h("select", { onchange: (event) => set({ [name]: event.target.value }) },
    h("option", { value: "" }, none), ...entries.map(([value, words]) => h("option", { value, "data-words": words }, words)));
  const range = { type: "number", inputmode: "numeric", step: 1, min: first, max: last };

  const search = h("input", {
    type: "search", autocomplete: "off", spellcheck: "false", oninput: () => set({ query: search.value }),
  });
  const kinds = lanes.map((kind) => check(kind, `kinds ${kind}`, {
    value: kind, onchange: () => set({ kinds: lanes.filter((_, n) => kinds[n].input.checked) }),
  }, { "data-kind": kind }));
  const article = check("Only what the article mentions", "article true",
    { onchange: () => set({ article: article.input.checked }) });
  const from = h("input", { ...range, oninput: () => set({ from_year: inYears(from) }) });
  const to = h("input", { ...range, oninput: () => set({ to_year: inYears(to) }) });
  const selects = {
    who: choice("who", "Anyone", Object.entries(names).sort((a, b) => (fold(a[1]) < fold(b[1]) ? -1 : 1))),
    region: choice("region", "Anywhere", options.region.map((name) => [name, name])),
    confidence: choice("confidence", "Any", options.confidence.map((name) => [name, name])),
  };
  const path = h("select", { onchange: () => (path.value ? start(path.value) : set({ path: "" })) },
    h("option", { value: "" }, "None"), ...[...paths].map(([value, { title }]) => h("option", { value }, title)));
  const status = h("p", { class: "timeline-status", role: "status" });
  const none = h("p", { class: "timeline-none", "aria-live": "polite" });
  const printed = h("p", { class: "timeline-printed" });

  const form = [h("div", { class: "timeline-controls" },
    h("div", { class: "timeline-fields" }, field("Search events", search), paths.size ? field("Guided path", path) : ""),
    h("details", { class: "timeline-filters", open: !matchMedia("(max-width: 40rem)").matches },
      h("summary", {}, "Filters"),
      h("fieldset", { "aria-label": `Kinds: ${title}` }, h("legend", {}, "Kinds"), ...kinds.map(({ whole }) => whole)),
      h("div", { class: "timeline-fields" },
        field("From year", from), field("To year", to), field("Person or organisation", selects.who),
        options.region.length > 1 ? field("Region", selects.region) : "",
        options.confidence.length > 1 ? field("Confidence", selects.confidence) : ""),
      events.some((event) => event.article) ? article.whole : ""),
    h("div", { class: "timeline-actions" }, button("Reset", () => set(everything)), ...actions),
    status, none,
    h("p", { class: "timeline-keys" }, "In the list, arrow keys move between events, and Enter marks one. "
      + "A drag across the chart shows those years.")), printed];

  function show(view, shown, without) {
    const total = `Showing ${shown.length} of ${events.length} events`;
    if (status.textContent !== total) status.textContent = total; // said once, not at every key
    if (fold(search.value) !== fold(view.query)) search.value = view.query;
    for (const [input, value] of [[from, view.from_year], [to, view.to_year]])
      if (inYears(input) !== value && input.getRootNode().activeElement !== input) input.value = value ?? "";
    for (const { input } of kinds) input.checked = view.kinds.includes(input.value);
    for (const name in selects) selects[name].value = view[name];
    article.input.checked = view.article;
    path.value = view.path;
    const loosen = Object.entries(without).map(([name, n]) => `without ${NAMED[name]}, ${n}`).join("; ");
    none.textContent = shown.length || !events.length ? "" : `No event matches all of these filters${
      loosen ? `: ${loosen}.` : ", and loosening one alone brings none back."} “Reset” shows every event again.`;
    const said = (name) => (name === "who" && names[view.who]) || [view[name]].join(", ");
    const asked = Object.keys(PARAMETERS).filter((name) => String(view[name]) !== String(everything[name]));
    printed.textContent = asked.length ? `On the screen ${shown.length} of ${events.length} events were shown (${
      asked.map((name) => `${PARAMETERS[name]}: ${said(name)}`).join("; ")}). The whole list follows.` : "";
  }
  function count(counts) {
    for (const { key, total } of [...kinds, article]) total.textContent = counts[key] ?? "none";
    for (const [name, select] of Object.entries(selects)) for (const option of select.options)
      if (option.value) option.textContent = `${option.dataset.words} (${counts[`${name} ${option.value}`] ?? "none"})`;
  }
  return { form, show, count };
}

/* Taking events elsewhere */

const FIELDS = ["summary", "dispute", "note", "people", "bodies", "works", "where", "as of", "article", "sources"];
const textOf = (item, selector) => item.querySelector(selector)?.textContent ?? "";

/** Events as a file for a spreadsheet; a cell that one would take for a formula is kept as text. */
function csv(events) {
  const rows = events.map(({ id, item, kind, confidence }) => [
    id, item.querySelector("time").dateTime, textOf(item, "time"), textOf(item, ".event-title"), kind, confidence,
    ...FIELDS.map((name) => textOf(item, `[data-field="${name}"]`)),
    [...item.querySelectorAll(".event-sources a")].map((link) => link.href).join(" "),
  ]);
  return [["id", "date", "when", "title", "kind", "confidence", ...FIELDS, "links"], ...rows]
    .map((row) => row.map((cell) => `"${cell.replace(/^[=+\-@\t\r]/, "'$&").replace(/"/g, '""')}"`).join()).join("\r\n");
}

/* The widget */

function render({ model, el }) {
  if (!el.querySelector("section.timeline")) el.innerHTML = model.get("html"); // escaped where it is written, in timeline.py
  const section = el.querySelector("section.timeline");
  const list = section.querySelector(".timeline-events");
  const figure = section.querySelector("figure.chart");
  const title = textOf(section, ".timeline-title");
  const groups = [...list.querySelectorAll(".timeline-year, ol")];
  const prefix = model.get("name") ? `event-${model.get("name")}-` : "event-";
  const lanes = model.get("lanes");
  const items = new Map([...list.querySelectorAll("li[id]")].map((item) => [item.id.slice(prefix.length), item]));
  const events = model.get("rows").map((row) => {
    const item = items.get(row.id);
    const text = fold([...item.querySelectorAll(".find")].map((part) => part.textContent).join("\n"));
    const values = { kinds: [row.kind], confidence: [row.confidence], who: row.who, region: row.regions, article: [row.article] };
    const options = Object.entries(values).flatMap(([name, some]) => some.map((value) => [name, `${name} ${value}`]));
    return { ...row, item, text, options, out: false, groups: [item.parentElement, item.closest(".timeline-year")] };
  });
  const byId = new Map(events.map((event) => [event.id, event]));
  const paths = new Map([...el.querySelectorAll(".timeline-path")].map((path) => {
    path.querySelector("ol").removeAttribute("id"); // a link to it starts it: see `arrive`
    const steps = [...path.querySelectorAll("[data-step]")];
    return [path.dataset.path, { title: textOf(path, "summary"), steps: steps.map((step) => ({
      event: byId.get(step.dataset.step), sentence: textOf(step, "span"),
    })) }];
  }));
  const distinct = (values) => [...new Set(values)].sort();
  const options = {
    region: distinct(events.flatMap((event) => event.regions)),
    confidence: distinct(events.map((event) => event.confidence)), path: [...paths.keys()],
  };
  const first = Math.min(...events.map((event) => event.from));
  const last = Math.max(...events.map((event) => event.to));
  const everything = {
    query: "", kinds: lanes, from_year: null, to_year: null, who: "", region: "", confidence: "", article: false, path: "",
  };
  const aborter = new AbortController();
  const { signal } = aborter;
  let [view, found, pending, waiting, stop, marked, wide] = [{}, {}, false, false, null, null, 0];

  const selected = () => byId.get(model.get("selected"));
  const set = (values) => {
    say("");
    for (const [name, value] of Object.entries(values)) model.set(name, value);
    model.save_changes();
  };
  const said = h("p", { "aria-live": "polite" });
  const say = (words, seen = false) => { // what the eye has elsewhere is only spoken
    said.className = seen ? "timeline-said" : "timeline-spoken";
    said.textContent = words;
  };

  const draw = figure && liveChart({ figure, events, lanes, panels: model.get("panels"), first, last, set, signal });
  const filters = filterForm({
    title, events, lanes, names: model.get("names"), options, paths, first, last, everything, set, start, actions: [
      model.get("book") ? button("Copy link to this view", () => copy(linkTo(), "Link copied.")) : "",
      button("Download as CSV", download),
    ],
  });
  const whole = button("Show all years", () => set({ from_year: null, to_year: null }));
  const cite = button("Copy citation", () => copy(citation(selected()), "Citation copied."));
  const next = button("Next event", () => step(1));
  const close = button("Close", () => {
    set({ selected: "", path: "" });
    next.focus();
  });
  const bar = h("div", { class: "timeline-actions timeline-bar", role: "group", "aria-label": "Step through the events" },
    button("Previous event", () => step(-1)), next, whole, cite, close, said);
  const card = h("div", { class: "timeline-card" });

  // The view
  function show() {
    pending = false;
    view = prepared(Object.fromEntries(Object.keys(PARAMETERS).map((name) => [name, model.get(name)])));
    found = tally(events, view);
    for (const { item, out } of events) if (item.hidden !== out) item.hidden = out;
    const left = new Set(found.shown.flatMap((event) => event.groups));
    for (const group of groups) if (group.hidden === left.has(group)) group.hidden = !left.has(group);
    if (!stop || stop.hidden) rove(selected()?.item);
    filters.show(view, found.shown, found.without);
    whole.hidden = view.from_year === null && view.to_year === null;
    select();
  }
  const soon = () => { // several changes of the view are shown at once
    if (!pending) queueMicrotask(() => signal.aborted || show());
    pending = true;
  };

  function select() {
    const [event, path] = [selected(), paths.get(model.get("path"))];
    const at = path ? path.steps.findIndex((step) => step.event === event) : -1;
    const parts = at < 0 ? [] : [h("p", { class: "timeline-step" },
      h("b", {}, `${path.title}, step ${at + 1} of ${path.steps.length}.`), ` ${path.steps[at].sentence}`)];
    if (marked !== event) marked?.item.removeAttribute("aria-current");
    marked = event;
    if (event) {
      event.item.setAttribute("aria-current", "true");
      rove(event.item);
      if (!list.contains(list.getRootNode().activeElement)) {
        reveal(event.item);
        parts.push(...event.item.cloneNode(true).childNodes);
      }
      card.dataset.kind = event.kind;
    }
    card.replaceChildren(...parts);
    for (const link of card.querySelectorAll("a")) link.removeAttribute("tabindex");
    card.hidden = !parts.length;
    cite.hidden = !event;
    close.hidden = !event && !path;
    later();
  }
  function later() { // the list comes first; the chart and the counts when it is painted
    if (!waiting) requestAnimationFrame(() => setTimeout(() => signal.aborted || follow(), 40));
    waiting = true;
  }
  function follow() {
    waiting = false;
    filters.count(found.counts);
    wide = figure?.clientWidth;
    if (list.scrollHeight > list.clientHeight) list.tabIndex = 0;
    else list.removeAttribute("tabindex"); // what has nothing to scroll is no tab stop
    if (wide && events.length) draw(view, found.shown, model.get("selected"));
  }

  // Moving: the list is a tab stop where it scrolls, arrow keys move in it from event to event, and the links of one event
  // at a time are tab stops too (the roving tabindex of the ARIA Authoring Practices Guide)
  function rove(item) {
    const to = item && !item.hidden ? item : found.shown[0]?.item;
    if (to === stop) return;
    for (const [one, index] of [[stop, -1], [to, 0]])
      for (const link of one?.querySelectorAll("a") ?? []) link.tabIndex = index;
    to?.setAttribute("aria-label", `${textOf(to, ".event-when")}: ${textOf(to, ".event-title")}`);
    stop = to;
  }
  function reveal(item, again = 4) { // again, because what comes into sight on the way is laid out only then
    const far = item.getBoundingClientRect().top - list.getBoundingClientRect().top - 48;
    list.scrollTop += far;
    if (again && Math.abs(far) > 1) requestAnimationFrame(() => reveal(item, again - 1));
  }
  function go(item) {
    item.focus({ preventScroll: true });
    item.scrollIntoView({ block: item.offsetHeight + 80 > Math.min(list.clientHeight, innerHeight) ? "start" : "nearest" });
  }
  function move(key) {
    const by = { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1, Home: -Infinity, End: Infinity }[key.key];
    const [here, { shown }] = [key.target.closest("li[id]"), found];
    if (key.altKey || key.ctrlKey || key.metaKey || key.shiftKey) return;
    if (by && shown.length) {
      if (here && /^Arrow(Up|Down)$/.test(key.key)) { // an event taller than its window is read before it is left
        const [box, at] = [list.getBoundingClientRect(), here.getBoundingClientRect()];
        if (at.height > Math.min(box.height, innerHeight) - 80
          && (by > 0 ? at.bottom > Math.min(box.bottom, innerHeight) + 1 : at.top < Math.max(box.top, 0))) return;
      }
      key.preventDefault();
      const at = shown.findIndex((event) => event.item === (here ?? stop)) + (here ? by : 0);
      rove(shown[Math.max(0, Math.min(shown.length - 1, Number.isFinite(by) ? at : by))].item);
      go(stop);
    } else if (here === key.target && (key.key === "Enter" || key.key === " ")) {
      key.preventDefault();
      mark(here);
    }
  }
  function mark(item) {
    set({ selected: item.id.slice(prefix.length) });
    say("Event marked.");
  }
  function step(by) {
    const path = paths.get(model.get("path"));
    const order = path ? path.steps.map((step) => step.event) : found.shown;
    const here = order.indexOf(selected());
    const to = order[here < 0 ? (by > 0 ? 0 : order.length - 1) : here + by];
    if (!to) return say(`There is no ${by > 0 ? "later" : "earlier"} event ${path ? "on this path" : "in this view"}.`, true);
    set({ selected: to.id });
    say([".timeline-step", "time", ".event-title"].map((part) => textOf(card, part)).filter(Boolean).join(": "));
  }
  function start(path) {
    set({ ...everything, path, selected: "" });
    step(1);
  }

  // Taking it elsewhere
  function linkTo() {
    const link = new URL(location.href);
    link.search = toQuery(model);
    link.hash = selected() ? prefix + selected().id : "";
    history.replaceState(null, "", link);
    return link.href;
  }
  function citation({ item, id }) {
    const link = model.get("book") ? ` ${location.href.split(/[?#]/)[0]}#${prefix}${id}.` : "";
    return `“${textOf(item, ".event-title")}”, ${textOf(item, "time")}. ${BOOK}, timeline “${title}”.${link} `
      + `${textOf(item, ".event-sources")}.`;
  }
  async function copy(text, done) {
    try {
      await navigator.clipboard.writeText(text);
      say(done, true);
    } catch {
      say(`This browser does not let the page copy. Here it is: ${text}`, true);
    }
  }
  function download() {
    const file = URL.createObjectURL(new Blob(["\ufeff", csv(found.shown)], { type: "text/csv" }));
    h("a", { href: file, download: `${title}.csv` }).click();
    setTimeout(() => URL.revokeObjectURL(file), 10_000);
    say(`${found.shown.length} events are in the file.`, true);
  }

  // In the book the address holds the view
  function arrive() {
    const { hash } = location;
    const [event, path] = [hash.startsWith(`#${prefix}`) && byId.get(hash.slice(prefix.length + 1)), hash.slice(6)];
    if (event) {
      if (event.out) {
        set(everything);
        show();
      }
      go(event.item);
      set({ selected: event.id });
    } else if (hash.startsWith("#path-") && paths.has(path)) {
      start(path);
      section.scrollIntoView();
    }
  }

  for (const part of list.querySelectorAll("li, li a")) part.tabIndex = -1;
  for (const [name, value] of Object.entries({ role: "region", "aria-label": `Events: ${title}` }))
    list.setAttribute(name, value);
  list.before(bar, card, ...filters.form);
  section.classList.add("is-live");

  const eventOf = ({ target }) => target.closest("li[id]");
  list.addEventListener("keydown", move, { signal });
  list.addEventListener("focusin", (focus) => eventOf(focus) && rove(eventOf(focus)), { signal });
  list.addEventListener("click", (click) => !click.target.closest("a") && eventOf(click) && mark(eventOf(click)), { signal });
  for (const name in PARAMETERS) model.on(`change:${name}`, soon);
  model.on("change:selected", select);
  const watcher = new ResizeObserver(() => figure.clientWidth === wide || later()); // its height changes with the chart
  if (figure) watcher.observe(figure);
  if (model.get("book")) {
    fromQuery(model, new URLSearchParams(location.search), options);
    window.addEventListener("hashchange", arrive, { signal });
  }
  show();
  if (model.get("book")) arrive();

  return () => {
    aborter.abort();
    watcher.disconnect();
    for (const name in PARAMETERS) model.off(`change:${name}`, soon);
    model.off("change:selected", select);
  };
}

export default { render, matches };
