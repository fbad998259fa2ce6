/**
 * A codebook on a line: drag a value, or move it with the arrow keys; click the line to add one, double-click or Delete to
 * take one away. For `view(…)`: `value` are the numbers, ascending.
 */

const height = 72;
const margin = 18;
const axis = 32;
/** Widest and narrowest line, px; between them as wide as the page when it is made. */
const widths = [300, 700];
const svgNamespace = "http://www.w3.org/2000/svg";
const mostValues = 16;

/** @param start the values; @param options.snap their common unit, or 0 for none. */
export function codebookEditor(start, { snap = 0 } = {}) {
  const page = document.querySelector("main")?.clientWidth ?? widths[1];
  const width = Math.max(widths[0], Math.min(widths[1], page));
  const reach = Math.max(...start.map(Math.abs)) * 1.25;
  const unit = reach / 200;
  let values = [...start].sort((a, b) => a - b);

  const form = document.createElement("div");
  form.className = "editor";
  const svg = form.appendChild(shape("svg", { viewBox: `0 0 ${width} ${height}`, role: "group" }));
  svg.setAttribute("aria-label", "Codebook: one handle a value");
  const said = form.appendChild(document.createElement("output"));
  Object.defineProperty(form, "value", { get: () => [...values] });

  const place = (value) => margin + ((value / reach + 1) / 2) * (width - 2 * margin);
  const valueAt = (event) => {
    const box = svg.getBoundingClientRect();
    const x = ((event.clientX - box.left) / box.width) * width;
    return (((x - margin) / (width - 2 * margin)) * 2 - 1) * reach;
  };
  const tidy = (value) => {
    const step = snap || unit / 4;
    const bounded = Math.max(-reach, Math.min(reach, value));
    return Number((Math.round(bounded / step) * step).toPrecision(6));
  };

  /** Moves a value unless it would meet another: a codebook has each once. */
  function move(index, to) {
    const value = tidy(to);
    if (values.some((other, i) => i !== index && other === value)) return index;
    values[index] = value;
    values.sort((a, b) => a - b);
    tell();
    return values.indexOf(value);
  }

  function add(value) {
    const exact = tidy(value);
    if (values.length >= mostValues || values.includes(exact)) return;
    values = [...values, exact].sort((a, b) => a - b);
    tell();
  }

  function remove(index) {
    if (values.length <= 2) return;
    values.splice(index, 1);
    tell();
  }

  function tell() {
    draw();
    form.dispatchEvent(new Event("input", { bubbles: true }));
  }

  function draw(focused = -1) {
    const line = { x1: margin, x2: width - margin, y1: axis, y2: axis };
    svg.replaceChildren(shape("line", { ...line, class: "axis" }));
    for (const tick of [-1, -0.5, 0, 0.5, 1]) {
      const at = place((tick * reach) / 1.25);
      svg.append(shape("line", { x1: at, x2: at, y1: axis - 4, y2: axis + 4, class: "axis" }));
      const label = svg.appendChild(shape("text", { x: at, y: axis + 24, class: "tick" }));
      label.textContent = String(Number(((tick * reach) / 1.25).toPrecision(3)));
    }
    values.forEach((value, index) => {
      const handle = shape("circle", {
        cx: place(value),
        cy: axis,
        r: 8,
        class: "handle",
        tabindex: 0,
        role: "slider",
      });
      handle.setAttribute("aria-label", `value ${index + 1} of ${values.length}`);
      handle.setAttribute("aria-valuenow", value);
      handle.setAttribute("aria-valuemin", -reach);
      handle.setAttribute("aria-valuemax", reach);
      handle.addEventListener("pointerdown", (event) => drag(event, index));
      handle.addEventListener("keydown", (event) => press(event, index));
      handle.addEventListener("dblclick", () => remove(index));
      svg.append(handle);
      if (index === focused) handle.focus();
    });
    said.textContent = `${values.length} values: ${values.join(", ")}`;
  }

  function drag(event, from) {
    event.preventDefault();
    let index = from;
    const follow = (moved) => {
      index = move(index, valueAt(moved));
    };
    const stop = () => {
      removeEventListener("pointermove", follow);
      removeEventListener("pointerup", stop);
      removeEventListener("pointercancel", stop);
      draw(index);
    };
    addEventListener("pointermove", follow);
    addEventListener("pointerup", stop);
    addEventListener("pointercancel", stop);
  }

  function press(event, index) {
    const steps = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1, PageDown: -10, PageUp: 10 }[event.key];
    if (event.key === "Delete" || event.key === "Backspace") remove(index);
    else if (steps) draw(move(index, values[index] + steps * (snap || unit)));
    else return;
    event.preventDefault();
  }

  svg.addEventListener("click", (event) => {
    if (event.target === svg || event.target.classList.contains("axis")) add(valueAt(event));
  });
  draw();
  return form;
}

function shape(name, attributes) {
  const element = document.createElementNS(svgNamespace, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  return element;
}
