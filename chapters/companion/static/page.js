// What every page can do with a script: change between light and dark, close the contents on the way to a section, and
// mark the section that is being read.
(() => {
  "use strict";
  const root = document.documentElement;
  const tools = document.querySelector(".bar-tools");
  const label = document.createElement("label");
  const select = label.appendChild(document.createElement("select"));
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
  tools.append(label);

  const contents = document.getElementById("contents");
  contents.addEventListener("click", (click) => {
    if (click.target.closest("a") && contents.matches(":popover-open")) contents.hidePopover();
  });
  const here = contents.querySelector("[aria-current='page']");
  if (here && getComputedStyle(contents).position === "sticky") here.scrollIntoView({ block: "nearest", behavior: "instant" });

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
