// The budgets of the UI, in gzipped kilobytes of the build. A broken budget fails the build check.
import { existsSync, readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";

const root = new URL("../../src/rostrum/web/static/", import.meta.url);
const BUDGET = { first: 180, route: 40, graph: 35, css: 20 };
const manifestPath = new URL(".vite/manifest.json", root);
if (!existsSync(manifestPath)) {
  if (process.argv.includes("--if-built")) process.exit(0);
  console.error("There is no build to measure: npm run build");
  process.exit(1);
}
const manifest = JSON.parse(readFileSync(manifestPath, "utf8"));
const size = (file) => gzipSync(readFileSync(new URL(file, root)), { level: 9 }).length / 1000;
// The entry may be a part of the chunk that everything shares.
const entry = Object.values(manifest).find((chunk) => chunk.isEntry) ?? Object.values(manifest).find((chunk) => chunk.name === "main" && chunk.file.endsWith(".js"));

function closure(chunk, seen = new Set()) {
  if (seen.has(chunk.file)) return seen;
  seen.add(chunk.file);
  for (const name of chunk.imports ?? []) closure(manifest[name], seen);
  return seen;
}

const sum = (names) => [...names].reduce((total, name) => total + size(name), 0);
const first = closure(entry);
const rows = [];
const pages = Object.entries(manifest).filter(([, chunk]) => chunk.isDynamicEntry);
// The first route is the entry and the dearest page that people start on.
const startPages = pages.filter(([name]) => /pages\/(now|runs)\.tsx$/.test(name)).map(([, chunk]) => sum(new Set([...closure(chunk), ...first])));
rows.push(["first route, JS", Math.max(sum(first), ...startPages), BUDGET.first]);
for (const [name, chunk] of pages) {
  const own = [...closure(chunk)].filter((file) => !first.has(file));
  rows.push([name.replace("src/pages/", "page "), sum(own), /graph/.test(name) ? BUDGET.graph : BUDGET.route]);
}
const css = new Set(Object.values(manifest).flatMap((chunk) => chunk.css ?? []));
rows.push(["CSS, all", sum(css), BUDGET.css]);

let broken = 0;
for (const [name, kilobytes, limit] of rows) {
  const over = kilobytes > limit;
  if (over) broken += 1;
  console.log(`${over ? "OVER" : "  ok"}  ${kilobytes.toFixed(1).padStart(6)} of ${String(limit).padStart(3)} KB  ${name}`);
}
if (broken > 0) {
  console.error(`${broken} budget(s) broken.`);
  process.exit(1);
}
