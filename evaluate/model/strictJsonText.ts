import type { StrictJson } from "./strictJson.ts";

/**
 * A value as JSON text, indented by two spaces. What was a number with a fraction or an exponent stays one: 30.0 does
 * not become 30, which transformers 5 refuses where a config's field is a float.
 */
export function strictJsonText(value: StrictJson, indent = ""): string {
  if (typeof value === "bigint") return String(value);
  if (typeof value === "number") return floatText(value);
  if (value === null || typeof value !== "object") return JSON.stringify(value);
  const deeper = `${indent}  `;
  const items = Array.isArray(value)
    ? value.map((item) => strictJsonText(item, deeper))
    : Array.from(value, ([key, item]) => `${JSON.stringify(key)}: ${strictJsonText(item, deeper)}`);
  const [open, close] = Array.isArray(value) ? "[]" : "{}";
  if (items.length === 0) return `${open}${close}`;
  return `${open}\n${items.map((item) => `${deeper}${item}`).join(",\n")}\n${indent}${close}`;
}

function floatText(value: number): string {
  const text = Object.is(value, -0) ? "-0" : String(value);
  return /^-?\d+$/.test(text) ? `${text}.0` : text;
}
