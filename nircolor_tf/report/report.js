"use strict";
/* Texts of the data reach the page through textContent only. */

const report = JSON.parse(document.getElementById("report").textContent);
const byId = (id) => document.getElementById(id);

function element(tag, properties = {}, ...children) {
  const node = Object.assign(document.createElement(tag), properties);
  node.append(...children);
  return node;
}

function fillSelect(select, options) {
  select.replaceChildren(
    ...options.map(([value, label]) =>
      element("option", { value, textContent: label })));
}

/* ---- numbers ---- */

/* NaN for what was not measured. */
const numeric = (value) => Number(value ?? NaN);

function format(value, key) {
  const number = numeric(value);
  if (Number.isNaN(number)) return "–";
  return number.toFixed(report.metrics[key].digits).replace("-", "−");
}

const formatInterval = ([low, high], key) =>
  `${format(low, key)}..${format(high, key)}`;

const protocolOf = (key) => (key.includes("/") ? key.split("/")[0] : "set");

function heading(key) {
  const { label, unit, higher_is_better: higher } = report.metrics[key];
  return `${label}\u00a0${higher ? "↑" : "↓"}${unit ? ` ${unit}` : ""}`;
}

const fullLabel = (key) =>
  `${protocolOf(key)} ${report.metrics[key].label}`;

/* Sorts best or worst first; what was not measured comes last. */
function compare(first, second, key, bestFirst) {
  const missing = Number.isNaN(first) - Number.isNaN(second);
  if (missing || Number.isNaN(first) || first === second) return missing;
  const rising = report.metrics[key].higher_is_better !== bestFirst;
  return (first < second) === rising ? -1 : 1;
}

/* A bar from low to high on a scale, with a mark at the middle. */
function intervalBar([low, high], middle, [start, end]) {
  const percent = (value) => `${(100 * (value - start)) / (end - start || 1)}%`;
  const bar = element("span", { className: "bar" });
  bar.style.setProperty("--low", percent(low));
  bar.style.setProperty("--high", percent(high));
  bar.style.setProperty("--middle", percent(middle));
  return bar;
}

/* ---- head and warnings ---- */

const runNamed = new Map(report.runs.map((run) => [run.name, run]));
const isContaminated = (name) =>
  runNamed.get(name)?.contamination.state === "contaminated";

function mark(run) {
  const words = { contaminated: "CONTAMINATED", unknown: "UNKNOWN TRAINING" };
  const { state, text } = run.contamination;
  if (!(state in words)) return [];
  return [element("span", {
    className: `mark ${state}`, textContent: words[state], title: text })];
}

function drawHead() {
  document.title = report.title;
  byId("title").textContent = report.title;
  byId("about").append(...Object.entries(report.about).map(([what, text]) =>
    element("div", {},
      element("dt", { textContent: what }),
      element("dd", { textContent: text }))));
}

function drawWarnings() {
  const lines = [];
  const line = (...parts) => lines.push(element("p", {}, ...parts));
  for (const run of report.runs) {
    if (run.contamination.state !== "clean") {
      line(...mark(run), " ", element("b", { textContent: run.name }),
        ` ${run.contamination.text}`);
    }
    if (run.failures.length) {
      line(element("b", { textContent: run.name }),
        ` ${run.failures.length} of ${run.count + run.failures.length} images`
        + " not measured: ",
        element("a", { href: "#failures", textContent: "which and why" }));
    }
  }
  for (const { name, reason } of report.unloadable) {
    line(element("b", { textContent: name }), ` not measured: ${reason}`);
  }
  byId("warnings").append(...lines);
  byId("warnings").hidden = !lines.length;
}

/* ---- methods ---- */

const methods = { protocol: null, sorted: null, reversed: false };

function chooseProtocol(protocol) {
  methods.protocol = protocol;
  drawMethods();
}

function drawProtocols() {
  const names = [...new Set(Object.keys(report.metrics).map(protocolOf))];
  byId("protocols").hidden = names.length < 2;
  byId("protocols").append(...names.map((name) =>
    element("label", {}, element("input", {
      type: "radio", name: "protocol", value: name,
      checked: name === names[0], onchange: () => chooseProtocol(name),
    }), ` ${name === "set" ? "whole set" : name}`)));
  chooseProtocol(names[0]);
}

/* `key` is a metric's, or null for the name. Names rise and the best metric
   comes first; a second click turns the order around. */
function sortMethods(key) {
  methods.reversed = methods.sorted?.key === key && !methods.reversed;
  methods.sorted = { key };
  drawMethods();
}

function sortedRuns() {
  if (!methods.sorted) return report.runs;
  const { key } = methods.sorted;
  const sign = methods.reversed ? -1 : 1;
  if (key === null) {
    return report.runs.toSorted(
      (first, second) => sign * first.name.localeCompare(second.name));
  }
  return report.runs.toSorted((first, second) => compare(
    numeric(first.mean[key]), numeric(second.mean[key]), key,
    !methods.reversed));
}

function sortButton(text, key, className) {
  const head = element("th", { scope: "col", className }, element("button", {
    type: "button", textContent: text, onclick: () => sortMethods(key) }));
  head.dataset.key = key ?? "";
  if (methods.sorted?.key === key) {
    const falls = report.metrics[key]?.higher_is_better ?? false;
    head.ariaSort = falls === methods.reversed ? "ascending" : "descending";
  }
  return head;
}

function drawMethods() {
  const keys = Object.keys(report.metrics).filter(
    (key) => protocolOf(key) === methods.protocol);
  const head = element("tr", {}, sortButton("Method", null, ""),
    element("th", { scope: "col", className: "number",
      textContent: "Images" }),
    ...keys.map((key) => sortButton(heading(key), key, "number")));
  const focused = document.activeElement?.closest?.("#methods th")?.dataset.key;
  byId("methods").tHead.replaceChildren(head);
  if (focused !== undefined) {
    [...head.cells].find((cell) => cell.dataset.key === focused)
      ?.firstChild.focus();
  }
  const columns = new Map(keys.map((key) => [key, columnOf(key)]));
  byId("methods").tBodies[0].replaceChildren(...sortedRuns().map((run) => {
    const row = element("tr", {},
      element("th", { scope: "row" },
        element("span", { className: "name", textContent: run.name }),
        ...mark(run),
        element("small", { textContent: run.description })),
      element("td", { className: "number", textContent: run.count }),
      ...keys.map((key) => methodCell(run, key, columns.get(key))));
    row.classList.toggle("contaminated", isContaminated(run.name));
    return row;
  }));
}

/* The best mean and the scale of the intervals of a metric. */
function columnOf(key) {
  const [best] = report.runs
    .filter((run) => !isContaminated(run.name))
    .map((run) => numeric(run.mean[key]))
    .sort((first, second) => compare(first, second, key, true));
  const ends = report.runs.flatMap((run) => run.interval[key] ?? [])
    .map(numeric).filter(Number.isFinite);
  return { best, scale: [Math.min(...ends), Math.max(...ends)] };
}

function methodCell(run, key, { best, scale }) {
  const mean = numeric(run.mean[key]);
  const isBest = report.runs.length > 1 && mean === best
    && !isContaminated(run.name);
  const cell = element("td", { className: "number" },
    element(isBest ? "b" : "span", {
      className: "value", textContent: format(mean, key) }));
  const interval = run.interval[key];
  if (interval) {
    cell.append(element("small", {
      className: "value", textContent: formatInterval(interval, key) }));
    if (report.runs.length > 1 && interval.every(Number.isFinite)) {
      cell.append(intervalBar(interval, mean, scale));
    }
  }
  return cell;
}

/* ---- differences ---- */

function drawDifferences() {
  const key = byId("difference-metric").value;
  const run = byId("difference-run").value;
  const rows = report.differences.filter(({ metric, first, second }) =>
    metric === key && (!run || run === first || run === second));
  const reach = Math.max(...rows.flatMap(
    ({ interval }) => (interval ?? []).map((end) => Math.abs(numeric(end)))));
  const body = document.querySelector("#differences tbody");
  body.replaceChildren(...rows.map((one) => {
    const axis = element("td", { className: "axis" }, element("small", {
      className: "value",
      textContent: one.interval ? formatInterval(one.interval, key) : "–" }));
    const row = element("tr", {},
      ...[one.first, one.second].map((name) => element("td", {},
        element("span", { className: "name", textContent: name }),
        ...mark(runNamed.get(name)))),
      element("td", { className: "number value",
        textContent: format(one.difference, key) }),
      axis,
      element("td", { className: "number", textContent: one.images }),
      element("td", { className: "value", textContent: one.text }));
    if (one.interval && Number.isFinite(reach)) {
      const bar = intervalBar(one.interval, one.difference, [-reach, reach]);
      bar.classList.add("around-zero");
      bar.classList.toggle("clear", one.interval[0] * one.interval[1] > 0);
      axis.append(bar);
    }
    row.classList.toggle("contaminated",
      isContaminated(one.first) || isContaminated(one.second));
    return row;
  }));
}

function startDifferences() {
  byId("differences").hidden = !report.differences.length;
  const keys = new Set(report.differences.map(({ metric }) => metric));
  fillSelect(byId("difference-metric"),
    [...keys].map((key) => [key, fullLabel(key)]));
  byId("difference-metric").onchange = drawDifferences;
  const names = report.runs.map(({ name }) => name);
  fillSelect(byId("difference-run"),
    [["", "every run"], ...names.map((name) => [name, name])]);
  /* Of many runs every pair is too much at first. */
  byId("difference-run").value = names.length > 3 ? names[0] : "";
  byId("difference-run").onchange = drawDifferences;
  drawDifferences();
}

/* ---- the rest ---- */

function drawRobustness() {
  const { robustness } = report;
  byId("robustness").hidden = !robustness;
  if (!robustness) return;
  document.querySelector("#robustness p").textContent = robustness.text;
  document.querySelector("#robustness img").src = robustness.svg;
}

function fillTable(id, columns, rows) {
  byId(id).hidden = !rows.length;
  document.querySelector(`#${id} tbody`).append(...rows.map((row) =>
    element("tr", {}, ...columns.map(([name, className]) =>
      element("td", { className, textContent: row[name] ?? "–" })))));
}

function drawTables() {
  fillTable("reported", [["method", ""], ["paper", ""], ["data", ""],
    ["psnr", "number"], ["ssim", "number"], ["ae", "number"], ["note", ""]],
  report.reported);
  fillTable("failures", [["run", ""], ["image", ""], ["reason", ""]], [
    ...report.unloadable.map(({ name, reason }) =>
      ({ run: name, image: "all", reason })),
    ...report.runs.flatMap(({ name, failures }) =>
      failures.map((failure) => ({ run: name, ...failure }))),
  ]);
}

/* Any JSON value as nested lists of keys and values. */
function nested(value) {
  if (value === null || typeof value !== "object") return String(value);
  const entries = Object.entries(value);
  if (!entries.length) return "none";
  const isFlat = entries.every(([, one]) => typeof one !== "object");
  if (Array.isArray(value) && isFlat) return value.join(", ");
  return element("dl", { className: "nested" }, ...entries.map(([key, one]) =>
    element("div", {}, element("dt", { textContent: key }),
      element("dd", {}, nested(one)))));
}

function drawRuns() {
  byId("runs").append(...report.runs.map((run) => element("details", {},
    element("summary", {},
      element("b", { textContent: run.name }), ` ${run.description} `,
      ...mark(run)),
    element("p", { textContent: run.contamination.text }),
    run.card === null
      ? element("p", { className: "note", textContent: "No model card." })
      : nested(run.card))));
}

drawHead();
drawWarnings();
drawProtocols();
startDifferences();
drawRobustness();
drawTables();
drawRuns();
addEventListener("beforeprint", () => {
  for (const one of document.querySelectorAll("details")) one.open = true;
});
