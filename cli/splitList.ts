/** Splits at commas outside brackets: `sf4,[-1,0,1]@g64` is two items. Empty items are dropped. */
export function splitList(text: string): string[] {
  const items = [""];
  let depth = 0;
  for (const character of text) {
    if ("[(".includes(character)) depth++;
    if ("])".includes(character)) depth--;
    if (character === "," && depth <= 0) items.push("");
    else items[items.length - 1] += character;
  }
  return items.map((item) => item.trim()).filter((item) => item !== "");
}
