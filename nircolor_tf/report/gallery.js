"use strict";
/* The images: cards, sliders and the large view. Needs report.js. */

/* What a slider can show of an image: [label, image -> data URI]. */
const layers = [
  [report.images[0]?.source_label, (image) => image.source],
  ...report.runs.flatMap((run) => [
    [run.name, (image) => image.runs[run.name]?.prediction],
    [`error of ${run.name}`, (image) => image.runs[run.name]?.error],
  ]),
  [report.images[0]?.truth_label, (image) => image.truth],
];
const SOURCE = 0;
const TRUTH = layers.length - 1;
const predictionLayer = (runIndex) => 1 + 2 * runIndex;
const errorLayer = (runIndex) => 2 + 2 * runIndex;

const measured = (image, runName, key) =>
  numeric(image.runs[runName]?.metrics?.[key]);

function picture(image, layer) {
  const [label, uriOf] = layers[layer];
  const uri = uriOf(image);
  if (!uri) {
    return element("span", { className: "absent", textContent: "no image" });
  }
  const node = element("img", {
    loading: "lazy", decoding: "async", alt: `${image.name}: ${label}` });
  node.src = uri;
  return node;
}

/* Two images on each other: `before` left of the edge, `after` right of it. */
function slider(image, before, after) {
  const upper = picture(image, before);
  upper.classList.add("upper");
  const lower = picture(image, after);
  const range = element("input", {
    type: "range", min: 0, max: 100, step: "any", value: 50,
    ariaLabel: `${image.name}: edge between ${layers[before][0]} and `
      + layers[after][0] });
  const node = element("div", { className: "slider" },
    lower, upper,
    element("span", { className: "left", textContent: layers[before][0] }),
    element("span", { className: "right", textContent: layers[after][0] }),
    range);
  const move = () => node.style.setProperty("--edge", `${range.value}%`);
  range.oninput = move;
  move();
  lower.onload = () => node.style.setProperty(
    "--aspect", lower.naturalWidth / lower.naturalHeight);
  return node;
}

function tile(image, layer, caption) {
  return element("figure", {},
    element("button", {
      type: "button", title: "Open the large view",
      onclick: () => openLarge(image, layer),
    }, picture(image, layer)),
    element("figcaption", {}, ...caption));
}

function metricLines(image, run) {
  const ordered = byId("order-metric").value;
  const keys = imageKeys.filter(
    (key) => protocolOf(key) === protocolOf(ordered)
      && !Number.isNaN(measured(image, run.name, key)));
  return element("dl", {}, ...keys.map((key) =>
    element("div", { className: key === ordered ? "ordered" : "" },
      element("dt", { textContent: report.metrics[key].label }),
      element("dd", {
        textContent: format(measured(image, run.name, key), key) }))));
}

function drawCard(image) {
  const shown = report.runs.map((run, index) => ({ run, index }))
    .filter(({ index }) => byId(`shown-${index}`).checked);
  const layerOf = byId("errors").checked ? errorLayer : predictionLayer;
  return element("article", { className: "card" },
    element("h3", {}, `${image.name} `,
      element("small", { textContent: image.scene && `scene ${image.scene}` })),
    slider(image, Number(byId("before").value), Number(byId("after").value)),
    element("div", { className: "tiles" },
      tile(image, SOURCE, [image.source_label]),
      tile(image, TRUTH, [image.truth_label]),
      ...shown.map(({ run, index }) => tile(image, layerOf(index), [
        element("span", { className: "name", textContent: run.name }),
        metricLines(image, run), ...mark(run)]))));
}

const imageKeys = Object.keys(report.metrics).filter((key) =>
  report.images.some((image) =>
    report.runs.some(({ name }) => !Number.isNaN(measured(image, name, key)))));

let cards = new Map();
let arranged = [];

function arrange() {
  const key = byId("order-metric").value;
  const run = report.runs[byId("order-run").value]?.name;
  const order = byId("order").value;
  const part = byId("filter").value.toLowerCase();
  arranged = report.images
    .filter(({ name }) => name.toLowerCase().includes(part))
    .sort((first, second) => (order !== "name" && key && compare(
      measured(first, run, key), measured(second, run, key), key,
      order === "best")) || first.name.localeCompare(second.name));
  byId("gallery").replaceChildren(...arranged.map((one) => cards.get(one)));
  byId("gallery-count").textContent =
    `${arranged.length} of ${report.images.length} images.`
    + (report.omitted ? ` ${report.omitted} more are not in this file.` : "");
}

function drawGallery() {
  cards = new Map(report.images.map((image) => [image, drawCard(image)]));
  arrange();
}

function startGallery() {
  byId("images").hidden = !report.images.length;
  fillSelect(byId("order-metric"),
    imageKeys.map((key) => [key, fullLabel(key)]));
  fillSelect(byId("order-run"), report.runs.map(({ name }, i) => [i, name]));
  for (const id of ["before", "after", "large-before", "large-after"]) {
    fillSelect(byId(id), layers.map(([label], index) => [index, label]));
  }
  byId("before").value = Math.min(predictionLayer(0), TRUTH);
  byId("after").value = TRUTH;
  byId("shown-runs").append(...report.runs.map(({ name }, index) =>
    element("label", {}, element("input", {
      type: "checkbox", id: `shown-${index}`, checked: true }), ` ${name}`)));
  byId("error-scale").textContent = `Error maps: ${report.error_scale}.`;
  byId("gallery-controls").onsubmit = (event) => event.preventDefault();
  byId("gallery-controls").onchange = drawGallery;
  byId("filter").onchange = (event) => event.stopPropagation();
  byId("filter").oninput = arrange;
  drawGallery();
}

/* ---- the large view ---- */

let large = null;

function openLarge(image, layer) {
  byId("large-before").value =
    layer === TRUTH ? byId("before").value : layer;
  byId("large-after").value = TRUTH;
  drawLarge(image);
  byId("large").showModal();
  document.querySelector("#large-slider input").focus();
}

function drawLarge(image) {
  large = image;
  byId("large-name").textContent = image.name;
  byId("large-slider").replaceChildren(slider(image,
    Number(byId("large-before").value), Number(byId("large-after").value)));
  byId("large-metrics").tHead.replaceChildren(element("tr", {},
    element("th", { scope: "col", textContent: "Metric" }),
    ...report.runs.map((run) => element("th", {
      scope: "col", className: "number" }, `${run.name} `, ...mark(run)))));
  byId("large-metrics").tBodies[0].replaceChildren(...imageKeys.map((key) =>
    element("tr", {},
      element("th", { scope: "row",
        textContent: `${protocolOf(key)} ${heading(key)}` }),
      ...report.runs.map(({ name }) => element("td", { className: "number",
        textContent: format(measured(image, name, key), key) })))));
  const place = arranged.indexOf(image);
  byId("previous").disabled = place <= 0;
  byId("next").disabled = place === arranged.length - 1;
}

function startLarge() {
  const step = (by) => () => drawLarge(arranged[arranged.indexOf(large) + by]);
  byId("previous").onclick = step(-1);
  byId("next").onclick = step(1);
  byId("large-before").onchange = () => drawLarge(large);
  byId("large-after").onchange = () => drawLarge(large);
}

startGallery();
startLarge();
