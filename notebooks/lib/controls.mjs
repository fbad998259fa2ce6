/** Inputs of the notebooks: plain HTML, for `view(…)`. Each element has a `value` and sends `input` events. */
import "./style.css";

let controls = 0;

function control(label, inner) {
  const form = document.createElement("form");
  form.className = "control";
  form.addEventListener("submit", (event) => event.preventDefault());
  const name = document.createElement("label");
  name.textContent = label;
  name.htmlFor = inner.id = `control-${++controls}`;
  form.append(name, inner);
  return form;
}

function valued(element, get) {
  return Object.defineProperty(element, "value", { get, configurable: true });
}

/** A number between `min` and `max`; `show` writes it. */
export function slider(label, { min, max, step = 1, value = min, show = String }) {
  const range = Object.assign(document.createElement("input"), { type: "range", min, max, step, value });
  const form = control(label, range);
  const output = document.createElement("output");
  const say = () => {
    output.value = show(range.valueAsNumber);
    range.setAttribute("aria-valuetext", output.value);
  };
  range.addEventListener("input", say);
  say();
  form.append(output);
  return valued(form, () => range.valueAsNumber);
}

/** One of `options`: a list, or a Map from what is shown to what it means. */
export function select(label, options, { value } = {}) {
  const entries = options instanceof Map ? [...options] : options.map((option) => [String(option), option]);
  const list = document.createElement("select");
  for (const [text, meaning] of entries) {
    const option = new Option(text);
    option.selected = meaning === value;
    list.append(option);
  }
  return valued(control(label, list), () => entries[list.selectedIndex][1]);
}

/** Some of `options`, all at first. */
export function checkboxes(label, options) {
  const set = document.createElement("fieldset");
  set.className = "control";
  const legend = document.createElement("legend");
  legend.textContent = label;
  set.append(legend);
  const boxes = options.map((option) => {
    const box = Object.assign(document.createElement("input"), { type: "checkbox", checked: true });
    const name = document.createElement("label");
    name.append(box, ` ${option}`);
    set.append(name);
    return box;
  });
  return valued(set, () => options.filter((_, i) => boxes[i].checked));
}

/** A line of text; the value follows when it is entered. */
export function text(label, { value = "", placeholder = "" } = {}) {
  const line = Object.assign(document.createElement("input"), { type: "text", value, placeholder, spellcheck: false });
  return valued(control(label, line), () => line.value.trim());
}

/** A file of the reader's own, as bytes; null until one is chosen. Nothing leaves the page. */
export function file(label, accept) {
  const picker = Object.assign(document.createElement("input"), { type: "file", accept });
  const form = control(label, picker);
  let bytes = null;
  picker.addEventListener("input", (event) => event.stopImmediatePropagation());
  picker.addEventListener("change", async () => {
    bytes = picker.files[0] ? new Uint8Array(await picker.files[0].arrayBuffer()) : null;
    form.dispatchEvent(new Event("input"));
  });
  return valued(form, () => bytes);
}

/** A table of the reports (caption, columns, rows of cells). */
export function table({ caption, columns, rows }) {
  const frame = document.createElement("div");
  frame.className = "scroll";
  frame.tabIndex = 0;
  const element = frame.appendChild(document.createElement("table"));
  element.createCaption().textContent = caption;
  const head = element.createTHead().insertRow();
  for (const { name, numeric } of columns) {
    const th = head.appendChild(document.createElement("th"));
    th.scope = "col";
    th.textContent = name;
    th.className = numeric ? "number" : "";
  }
  const body = element.createTBody();
  for (const row of rows) {
    const line = body.insertRow();
    row.forEach((cell, i) => {
      const box = i === 0 ? line.appendChild(document.createElement("th")) : line.insertCell();
      if (i === 0) box.scope = "row";
      box.textContent = cell.text;
      box.className = columns[i].numeric ? "number" : "";
    });
  }
  return frame;
}

/** Figures side by side: [name, value, note] each. */
export function cards(figures) {
  const list = document.createElement("dl");
  list.className = "cards";
  for (const [name, value, note = ""] of figures) {
    const card = list.appendChild(document.createElement("div"));
    card.appendChild(document.createElement("dt")).textContent = name;
    card.appendChild(document.createElement("dd")).textContent = value;
    card.appendChild(document.createElement("small")).textContent = note;
  }
  return list;
}

/** A paragraph of plain text. */
export function paragraph(words) {
  const p = document.createElement("p");
  p.textContent = words;
  return p;
}

/** Text to copy. */
export function code(words) {
  const pre = document.createElement("pre");
  pre.textContent = words;
  return pre;
}
