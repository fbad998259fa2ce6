import type { TieRule } from "./element.ts";

/** The integer nearest to y, halves as the tie rule says (`even`: to the even integer). */
export function roundInteger(y: number, tie: TieRule): number {
  const below = Math.floor(y);
  const fraction = y - below;
  if (fraction !== 0.5) return fraction < 0.5 ? below : below + 1;
  if (tie === "even") return below % 2 === 0 ? below : below + 1;
  const up = tie === "up" || (tie === "away" && y > 0) || (tie === "zero" && y < 0);
  return up ? below + 1 : below;
}
