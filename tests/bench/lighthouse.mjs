// Lighthouse over the pages that stand on the command line, each as often as asked: `node lighthouse.mjs RUNS ADDRESS…`.
// Mobile profile, its simulated slow line and four times slower processor. Prints one JSON list, a figure set per run.
import lighthouse from "lighthouse";
import { launch } from "chrome-launcher";

const [runs, ...addresses] = process.argv.slice(2);
const CATEGORIES = ["performance", "accessibility", "best-practices", "seo"];
// Without names to resolve no page waits for a third party; root needs Chromium without its sandbox.
const FLAGS = [
  "--headless=new", "--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-first-run",
  "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1", ...(process.getuid?.() === 0 ? ["--no-sandbox"] : []),
];

const broken = (audits) =>
  Object.values(audits)
    .filter(({ score, scoreDisplayMode }) => ["binary", "numeric", "metricSavings"].includes(scoreDisplayMode) && score < 0.9)
    .map(({ id, score, displayValue, explanation, details }) => ({
      id, score, said: explanation ?? displayValue ?? "",
      where: (details?.items ?? []).slice(0, 5).map((item) => item.node?.snippet ?? item.url ?? item.description ?? item.source?.url).filter(Boolean),
    }));

const figures = ({ lhr }) => {
  const value = (id) => lhr.audits[id]?.numericValue ?? null;
  const sent = (lhr.audits["network-requests"]?.details?.items ?? []).filter(({ url }) => url.startsWith("http"));
  return {
    address: lhr.requestedUrl,
    fault: lhr.runtimeError?.message ?? "",
    version: lhr.lighthouseVersion,
    scores: Object.fromEntries(CATEGORIES.map((name) => [name, lhr.categories[name]?.score ?? null])),
    lcp: value("largest-contentful-paint"),
    tbt: value("total-blocking-time"),
    cls: value("cumulative-layout-shift"),
    bytes: sent.reduce((sum, { transferSize }) => sum + (transferSize ?? 0), 0),
    requests: sent.length,
    broken: broken(lhr.audits),
  };
};

const chrome = await launch({ chromePath: process.env.CHROMIUM, chromeFlags: FLAGS, logLevel: "silent" });
const results = [];
try {
  for (let run = 0; run < Number(runs); run += 1)
    for (const address of addresses)
      results.push(figures(await lighthouse(address, { port: chrome.port, onlyCategories: CATEGORIES, logLevel: "error" })));
} finally {
  chrome.kill();
}
console.log(JSON.stringify(results));
