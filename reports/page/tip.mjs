/**
 * A tooltip for vega views: the text of the mark under the pointer beside it, inside the window; set as text, never as HTML.
 * @returns a handler for `view.tooltip(…)`.
 */
export function attachTip(document) {
  const tip = document.createElement("div");
  tip.className = "tip";
  tip.setAttribute("role", "status");
  tip.hidden = true;
  document.body.append(tip);
  return (_, event, _item, text) => {
    tip.hidden = text == null || text === "";
    if (tip.hidden) return;
    const touch = event.touches?.[0] ?? event.changedTouches?.[0] ?? event;
    tip.textContent = String(text);
    const { width, height } = tip.getBoundingClientRect();
    const left = Math.min(touch.clientX + 12, innerWidth - width - 8);
    const above = touch.clientY + 16 + height > innerHeight;
    tip.style.left = `${Math.max(8, left)}px`;
    tip.style.top = `${above ? touch.clientY - height - 12 : touch.clientY + 16}px`;
  };
}
