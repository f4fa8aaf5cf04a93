// Where do you stand? A reader may mark an answer and a reason, before the map and after it. What is kept stays in this
// browser, is kept only when asked, can be deleted, and is sent nowhere.
(() => {
  "use strict";
  const KEY = "stand";
  const SIDES = ["A coordinator should be required", "It is for the performers to choose", "Something else would protect better", "I do not know yet"];
  const places = [...document.querySelectorAll(".stand")];
  const read = () => { try { return JSON.parse(localStorage.getItem(KEY)) ?? {}; } catch { return {}; } };

  function element(tag, attributes, ...children) {
    const made = Object.assign(document.createElement(tag), attributes);
    made.append(...children);
    return made;
  }

  const forms = places.map((place) => {
    const when = place.dataset.when;
    const radios = SIDES.map((side) => element("input", { type: "radio", name: `stand-${when}`, value: side }));
    const why = element("textarea", { rows: 3 });
    const earlier = element("p", { className: "stand-earlier" });
    const said = element("p", {});
    said.setAttribute("role", "status");
    const keep = element("button", { type: "button", textContent: "Keep this in my browser" });
    const forget = element("button", { type: "button", textContent: "Delete what was kept" });
    const legend = when === "before" ? "Where do you stand now?" : "And after the map?";
    place.append(earlier, element("fieldset", {}, element("legend", { textContent: legend }),
      ...radios.map((radio) => element("label", {}, radio, radio.value)),
      element("label", { className: "stand-why" }, "Why?", why)), element("p", {}, keep, " ", forget), said);

    function show() {
      const { before, [when]: own } = read();
      for (const radio of radios) radio.checked = radio.value === own?.side;
      why.value = own?.why ?? "";
      earlier.textContent = when === "after" && before ? `Before, you marked: ${before.side}. ${before.why}` : "";
      forget.disabled = !Object.keys(read()).length;
    }
    keep.addEventListener("click", () => {
      const side = radios.find((radio) => radio.checked)?.value ?? SIDES.at(-1);
      try {
        localStorage.setItem(KEY, JSON.stringify({ ...read(), [when]: { side, why: why.value } }));
        forms.forEach((form) => form.show());
        said.textContent = "Kept in this browser, and nowhere else.";
      } catch {
        said.textContent = "This browser does not let the page keep anything.";
      }
    });
    forget.addEventListener("click", () => {
      localStorage.removeItem(KEY);
      forms.forEach((form) => form.show());
      keep.focus();
      said.textContent = "Deleted.";
    });
    return { show };
  });
  forms.forEach((form) => form.show());
})();
