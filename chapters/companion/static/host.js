// The book's host of the timeline: gives the module a model made from the state that the page holds.
for (const section of document.querySelectorAll("section.timeline")) setTimeout(() => { // a task for each
  try {
    const state = JSON.parse(section.querySelector("script.timeline-state").textContent);
    const values = {
      query: "", from_year: null, to_year: null, who: "", region: "", confidence: "", article: false, path: "",
      selected: "", ...state, kinds: state.lanes,
    };
    const listeners = new Map();
    const model = {
      get: (name) => values[name],
      set(name, value) {
        if (JSON.stringify(values[name]) === JSON.stringify(value)) return;
        values[name] = value;
        for (const listener of listeners.get(`change:${name}`) ?? []) listener();
      },
      on: (event, listener) => listeners.set(event, [...(listeners.get(event) ?? []), listener]),
      off: (event, listener) => listeners.set(event, (listeners.get(event) ?? []).filter((other) => other !== listener)),
      save_changes() {},
    };
    timeline.render({ model, el: section.parentElement });
  } catch (error) {
    console.warn("The timeline stays a plain list:", error.message);
  }
});
