/** How numbers are written for people: in tables, captions and tooltips. A null is a dash, never a zero. */

export const missing = "–";

/** `value` with `digits` significant digits, without exponent between 1e-6 and 1e9. */
export function significant(value: number | null, digits = 4): string {
  if (value === null || !Number.isFinite(value)) return missing;
  if (value === 0) return "0";
  const magnitude = Math.floor(Math.log10(Math.abs(value)));
  if (magnitude < -6 || magnitude >= 9) return signed(value.toExponential(digits - 1));
  return signed(value.toFixed(Math.max(0, digits - 1 - magnitude)));
}

/** Decimals that show two digits of the standard error, between 0 and 6; four digits of the value without one. */
export function decimals(value: number, sigma: number | null): number {
  const scale = sigma !== null && sigma > 0 ? sigma : Math.abs(value) / 100;
  return scale > 0 ? Math.min(6, Math.max(0, 1 - Math.floor(Math.log10(scale)))) : 4;
}

/** `0.0123 ± 0.0004`: the value to the precision of its error. */
export function withSigma(value: number | null, sigma: number | null): string {
  if (value === null) return missing;
  if (value === 0 && !sigma) return "0";
  const places = decimals(value, sigma);
  return signed(value.toFixed(places)) + (sigma === null ? "" : ` ± ${sigma.toFixed(places)}`);
}

/** An integer with thin grouping: 32768 becomes 32,768. */
export function count(value: number): string {
  return String(Math.round(value)).replace(/\B(?=(\d{3})+$)/g, ",");
}

function signed(text: string): string {
  return text.replace(/^-/, "−");
}
