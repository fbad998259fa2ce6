/** A point of a scatter plot in px from the left top corner of the plot. */
export interface Anchor {
  x: number;
  y: number;
}

/** A text to place, or placed by its left end and the middle of its height, px. */
export interface Label extends Anchor {
  text: string;
  /** Dropped where it would cover something, or stand too far off for a reader to know whose it is. */
  optional?: boolean;
}

/** Mean width of a character of a format id over the font size, with its m and @, in the widest of the fonts (Verdana, DejaVu). */
const widthPerSize = 0.63;
const fontSize = 11;
const height = 13;
const gap = 8;
const distances = [gap, gap + 6, gap + 14, gap + 24];
/** Cost of standing nearer to another mark than to one's own. */
const elsewhere = 1e6;
/** Room kept between two labels on a line. */
const between = 4;
const markRadius = 5;

/** Directions tried, in order: below left of a frontier point nothing can lie but ties, so that comes first. */
const directions: [number, number][] = [
  [-1, 1],
  [1, -1],
  [-1, 0],
  [1, 0],
  [1, 1],
  [-1, -1],
  [0, 1],
  [0, -1],
];

type Box = [left: number, top: number, right: number, bottom: number];

/**
 * Places one label beside each of `labelled`, greedily: the first of eight directions at a growing distance that
 * keeps clear of the marks and lines in `obstacles`, of earlier labels and of the plot's edges, else the one that
 * covers least. Deterministic; only a label that is `optional` is dropped, where it would cover something.
 */
export function placeLabels<T extends Label>(
  labelled: readonly T[],
  marks: readonly Anchor[],
  obstacles: readonly Box[],
  size: { width: number; height: number },
): T[] {
  const taken: Box[] = [
    ...marks.map(({ x, y }): Box => [x - markRadius, y - markRadius, x + markRadius, y + markRadius]),
    ...obstacles,
  ];
  const placed: Box[] = [];
  return labelled.flatMap((label) => {
    const { x, y, text, optional = false } = label;
    const width = text.length * fontSize * widthPerSize;
    let best: { box: Box; cost: number } | undefined;
    for (const distance of optional ? distances.slice(0, 2) : distances) {
      for (const [dx, dy] of directions) {
        const reach = dx === 0 || dy === 0 ? distance : distance * 0.7;
        const middle = y + dy * (reach + (dx === 0 ? height / 2 : 4));
        const left = dx < 0 ? x - reach - width : dx > 0 ? x + reach : x - width / 2;
        const box: Box = [left, middle - height / 2, left + width, middle + height / 2];
        const covered = (others: Box[]) => others.reduce((sum, other) => sum + overlap(box, other), 0);
        const strange = optional && marks.some((mark) => away(box, mark) < away(box, label)) ? elsewhere : 0;
        const cost = covered(taken) + 4 * covered(placed) + 4 * outside(box, size) + strange;
        if (!best || cost < best.cost) best = { box, cost };
        if (cost === 0) break;
      }
      if (best!.cost === 0) break;
    }
    const { box, cost } = best!;
    if (optional && cost > 0) return [];
    placed.push([box[0] - between, box[1], box[2] + between, box[3]]);
    return [{ ...label, x: box[0], y: (box[1] + box[3]) / 2 }];
  });
}

function overlap(a: Box, b: Box): number {
  const wide = Math.min(a[2], b[2]) - Math.max(a[0], b[0]);
  const high = Math.min(a[3], b[3]) - Math.max(a[1], b[1]);
  return wide > 0 && high > 0 ? wide * high : 0;
}

/** Distance from a box to a mark. */
function away([left, top, right, bottom]: Box, { x, y }: Anchor): number {
  return Math.hypot(Math.max(left - x, 0, x - right), Math.max(top - y, 0, y - bottom));
}

function outside(box: Box, { width, height: bottom }: { width: number; height: number }): number {
  const area = (box[2] - box[0]) * (box[3] - box[1]);
  return area - overlap(box, [0, 0, width, bottom]);
}
