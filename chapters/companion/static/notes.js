// Notes where the reader is: a citation, an event, a claim, a figure or a term shows a note on hover, on focus, and on
// the first tap; its link still leads to the full entry. The notes stand in the page as JSON, written when it was built.
(() => {
  "use strict";
  const notes = JSON.parse(document.getElementById("notes")?.textContent ?? "{}");
  const KEY = "notes";
  const stored = () => { try { return localStorage.getItem(KEY); } catch { return null; } };
  let on = stored() !== "off";
  let mark = null;
  let timer = 0;

  const box = document.createElement("div");
  box.id = "note";
  box.setAttribute("role", "tooltip");
  box.hidden = true;
  document.body.append(box);

  function show(link) {
    clearTimeout(timer);
    if (!on || mark === link) return;
    hide();
    const [title, ...lines] = notes[link.hash.slice(1)].filter(Boolean);
    const head = document.createElement("strong");
    head.textContent = title;
    box.replaceChildren(head, ...lines.map((line) => Object.assign(document.createElement("p"), { textContent: line })));
    mark = link;
    mark.setAttribute("aria-describedby", "note");
    box.hidden = false;
    const rect = link.getClientRects()[0] ?? link.getBoundingClientRect();
    const last = [...link.getClientRects()].at(-1) ?? rect;
    const width = document.documentElement.clientWidth;
    box.style.left = `${Math.max(8, Math.min(rect.left, width - box.offsetWidth - 8)) + scrollX}px`;
    const below = last.bottom + box.offsetHeight + 8 <= innerHeight || rect.top < box.offsetHeight + 8;
    box.style.top = `${(below ? last.bottom + 6 : rect.top - box.offsetHeight - 6) + scrollY}px`;
    document.addEventListener("keydown", keys);
    document.addEventListener("pointerdown", away);
  }

  function hide() {
    clearTimeout(timer);
    if (!mark) return;
    mark.removeAttribute("aria-describedby");
    mark = null;
    box.hidden = true;
    document.removeEventListener("keydown", keys);
    document.removeEventListener("pointerdown", away);
  }

  const later = (action, delay) => { clearTimeout(timer); timer = setTimeout(action, delay); };
  const keys = (event) => {
    if (event.key === "Escape") hide();
    const step = { ArrowDown: 40, ArrowUp: -40 }[event.key];
    if (step && document.activeElement === mark && box.scrollHeight > box.clientHeight) {
      event.preventDefault();
      box.scrollBy(0, step);
    }
  };
  const leave = () => { if (document.activeElement !== mark) hide(); };
  const away = (event) => { if (!box.contains(event.target) && !mark.contains(event.target)) hide(); };

  for (const link of document.querySelectorAll("article a[href*='#']")) {
    const id = link.hash.slice(1);
    if (!Object.hasOwn(notes, id) || link.closest(`#${CSS.escape(id)}, .gravest`)) continue; // there the entry itself stands
    link.removeAttribute("title");
    link.addEventListener("pointerenter", (event) => { if (event.pointerType === "mouse") later(() => show(link), 250); });
    link.addEventListener("pointerleave", (event) => { if (event.pointerType === "mouse") later(leave, 250); });
    link.addEventListener("focus", () => { if (link.matches(":focus-visible")) show(link); });
    link.addEventListener("blur", hide);
    link.addEventListener("click", (event) => {
      if (on && event.pointerType === "touch" && mark !== link) { event.preventDefault(); show(link); }
    });
  }
  box.addEventListener("pointerenter", () => clearTimeout(timer));
  box.addEventListener("pointerleave", () => later(leave, 250));

  const toggle = document.createElement("button");
  toggle.type = "button";
  toggle.className = "notes-toggle";
  toggle.textContent = "Notes";
  toggle.title = "Show a note when a link is pointed at or focused";
  toggle.setAttribute("aria-pressed", String(on));
  toggle.addEventListener("click", () => {
    on = !on;
    hide();
    toggle.setAttribute("aria-pressed", String(on));
    try { on ? localStorage.removeItem(KEY) : localStorage.setItem(KEY, "off"); } catch { /* then it lasts for this page */ }
  });
  document.querySelector(".bar-tools").prepend(toggle);
})();
