// Put into a measured page before its own scripts. The words in capitals come from the contender.
(() => {
  const bench = (window.bench = { drawn: 0, times: [] });
  const box = () => document.querySelector(SEARCH);
  const wired = () => Boolean(WIRED);
  const settled = (n, drawn) => SETTLED;
  const channel = new MessageChannel();
  const turn = () => new Promise((done) => { channel.port1.onmessage = done; channel.port2.postMessage(0); });
  const painted = async () => {
    await new Promise(requestAnimationFrame);
    await new Promise((done) => setTimeout(done));
  };

  // What the peers show: Vega's view, as its own embedding function returns it; vis-timeline's redraws.
  let embed;
  Object.defineProperty(window, "vegaEmbed", {
    configurable: true,
    get: () => embed,
    set: (value) => {
      embed = new Proxy(value, {
        apply: (target, self, given) =>
          Reflect.apply(target, self, given).then((result) => { bench.view = result.view; return result; }),
      });
    },
  });
  bench.points = () => {
    const find = (mark) => mark.name === "marks" ? mark : mark.items.flatMap((item) => item.items ?? []).map(find).find(Boolean);
    return find(bench.view.scenegraph().root).items.length;
  };
  bench.markers = () => document.querySelectorAll("#timeline .tl-timemarker").length;
  bench.watch = (timeline) => {
    if (bench.watched !== timeline) timeline.on("changed", () => { bench.drawn += 1; });
    bench.watched = timeline;
    return true;
  };

  // From the input event until exactly `n` events are shown, the next frame is drawn and its task is over; and again a
  // frame for as long as the page still puts elements in, as a chart that follows its list does.
  bench.type = async (word, n) => {
    const start = performance.now(), drawn = bench.drawn, input = box();
    let changed, time;
    const observer = new MutationObserver(() => { changed = true; });
    observer.observe(document.body, { childList: true, subtree: true });
    input.value = word;
    input.dispatchEvent(new Event("input", { bubbles: true }));
    while (!settled(n, drawn)) await turn();
    do {
      changed = false;
      await painted();
      time = performance.now() - start;
    } while (changed);
    observer.disconnect();
    const shown = SHOWN;
    if (shown !== n) throw new Error(`${shown} events are shown and not ${n}`);
    return time;
  };

  // A filter is usable when its control listens and a first search, if there is one, has changed what is shown.
  bench.start = async (first) => {
    while (!(document.body && box() && wired())) await new Promise((done) => setTimeout(done, 4));
    if (first) await bench.type(...first);
    bench.ready = performance.now();
  };

  // Several searches, ended early when the page has been at it for `limit` milliseconds.
  bench.search = async (searches, limit) => {
    const start = performance.now();
    for (const [word, n] of searches) {
      if (performance.now() - start > limit) break;
      bench.times.push(await bench.type(word, n));
    }
    bench.done = true;
  };
  const caught = (work) => work.catch((error) => { bench.fault = String(error); });
  bench.begin = (...given) => { caught(bench.search(...given)); };
  caught(bench.start(FIRST));
})();
