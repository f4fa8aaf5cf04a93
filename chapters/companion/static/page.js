// What every page can do with a script: arrive in parts, change between light and dark, close the contents on the way to a section, and
// mark the section that is being read.
(() => {
  "use strict";
  const root = document.documentElement;

  // A long page is laid out part by part, so that it never keeps the reader waiting, and at once when it is scrolled.
  const parts = [...document.querySelectorAll(
    "article > section > section, .timeline-year, .timeline:not(.timeline-large) .timeline-year > ol > li",
  )];
  let [next, most] = [0, 8]; // milliseconds in a frame
  function settle() {
    const start = performance.now();
    while (next < parts.length && performance.now() - start < most) {
      for (let size = 0; next < parts.length && size < 400; size += parts[next++].getElementsByTagName("*").length)
        parts[next].style.contentVisibility = "visible";
      parts[next - 1].getBoundingClientRect(); // lays them out
    }
    if (next < parts.length) return requestAnimationFrame(settle);
    delete root.dataset.arriving;
    for (const part of parts) part.removeAttribute("style");
  }
  document.addEventListener("scroll", () => { most = Infinity; }, { once: true });
  if ("arriving" in root.dataset) requestAnimationFrame(settle);

  const tools = document.querySelector(".bar-tools");
  const select = document.createElement("select");
  select.setAttribute("aria-label", "Light or dark");
  for (const [value, words] of [["", "System’s colours"], ["light", "Light"], ["dark", "Dark"]])
    select.append(new Option(words, value, false, value === (root.dataset.scheme ?? "")));
  select.addEventListener("change", () => {
    if (select.value) root.dataset.scheme = select.value;
    else delete root.dataset.scheme;
    try {
      if (select.value) localStorage.setItem("scheme", select.value);
      else localStorage.removeItem("scheme");
    } catch { /* then it lasts for this page */ }
  });
  tools.append(select);

  // A table that is wider than its frame can be scrolled by keyboard.
  const frames = new ResizeObserver((entries) => {
    for (const { target } of entries) {
      const wide = target.scrollWidth > target.clientWidth;
      const name = target.querySelector("caption")?.textContent ?? "Table";
      for (const [attribute, value] of Object.entries({ tabindex: "0", role: "group", "aria-label": name })) {
        if (wide) target.setAttribute(attribute, value);
        else target.removeAttribute(attribute);
      }
    }
  });
  for (const frame of document.querySelectorAll(".table-scroll")) frames.observe(frame);

  const contents = document.getElementById("contents");
  contents.addEventListener("click", (click) => {
    if (click.target.closest("a") && contents.matches(":popover-open")) contents.hidePopover();
  });
  const here = contents.querySelector("[aria-current='page']");
  if (here && matchMedia("(min-width: 62rem)").matches)
    requestAnimationFrame(() => contents.scrollTo({ top: here.offsetTop - contents.clientHeight / 3, behavior: "instant" }));

  const links = new Map([...contents.querySelectorAll("li.current a[href^='#']")].map((link) => [link.hash.slice(1), link]));
  links.delete("");
  const sections = [...document.querySelectorAll("article section[id]")].filter((section) => links.has(section.id));
  const seen = new Set();
  const watcher = new IntersectionObserver((entries) => {
    for (const { target, isIntersecting } of entries) seen[isIntersecting ? "add" : "delete"](target.id);
    const last = sections.findLast((section) => seen.has(section.id));
    for (const [id, link] of links) {
      if (id === last?.id) link.setAttribute("aria-current", "location");
      else link.removeAttribute("aria-current");
    }
  }, { rootMargin: "-10% 0px -70% 0px" });
  for (const section of sections) watcher.observe(section);
})();
