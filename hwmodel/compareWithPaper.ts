import { UserError } from "../formats/error.ts";
import { getElement } from "../formats/index.ts";
import { accumulatorGe } from "./analytic.ts";
import type { Cells } from "./cells.ts";
import { CELLS } from "./cells.ts";
import { type CellLibrary, libraryById, truthTable } from "./libraries/index.ts";
import { PUBLISHED, type PublishedMac } from "./published.ts";
import { macVerilog } from "./rtl/index.ts";
import { type MacTableRow, macTable } from "./synthesis/macTable.ts";

/** The parts of a MAC in µm² of the paper's node. */
export interface MacParts {
  multiplierUm2: number;
  accumulatorUm2: number;
  macUm2: number;
}

export interface PaperRow {
  format: string;
  /** Of the paper; `losslessBits` are what 256 terms need. */
  accumulatorBits: number;
  losslessBits: number;
  paper: MacParts;
  ours: MacParts;
  /** ours over paper, less one. */
  error: { multiplier: number; accumulator: number; mac: number };
  /** The multiplier's constant was not fitted to this row. */
  multiplierHeldOut: boolean;
  /** Error of the accumulator when its own row is left out of the fit. */
  accumulatorHeldOutError: number;
  /** The multiplier's structure in the committed synthesis. */
  structure: string;
}

export interface PaperComparison {
  library: string;
  /** Fitted: µm² per gate equivalent to the ten accumulators, gate equivalents added to a multiplier to INT4 and INT5. */
  calibration: { um2PerGe: number; multiplierOffsetGe: number; statement: string };
  rows: PaperRow[];
  /** Means of absolute errors. */
  meanError: {
    accumulator: number;
    accumulatorHeldOut: number;
    multiplierHeldOut: number;
    mac: number;
    macHeldOut: number;
  };
}

/** Rows the multiplier's constant is fitted to: the only formats whose best multiplier everyone builds alike. */
const FITTED = ["int4", "int5"];

/**
 * Our synthesized MACs against Table 10, row by row. Multipliers are those of the committed table, completed to what the
 * paper counts: a two's complement product and registers for both operands. Accumulators have the paper's width, lossless or not. Two
 * constants are fitted, stated in `calibration`. Throws UserError if the committed table lacks a format in `library`.
 */
export function compareWithPaper(library = "generic"): PaperComparison {
  const cells = cellsOf(libraryById(library));
  const parts = PUBLISHED.map((paper) => ({ paper, ...gateEquivalents(paper, library, cells) }));
  const um2PerGe = through(parts.map((p) => [p.accumulator, p.paper.accumulatorUm2]));
  const fitted = parts.filter((p) => FITTED.includes(p.paper.format));
  const offset = mean(fitted.map((p) => p.paper.multiplierUm2 / um2PerGe - p.multiplier));
  const rows = parts.map((p): PaperRow => {
    const { paper } = p;
    const others = through(parts.filter((q) => q !== p).map((q) => [q.accumulator, q.paper.accumulatorUm2]));
    const multiplierUm2 = (p.multiplier + offset) * um2PerGe;
    const accumulatorUm2 = p.accumulator * um2PerGe;
    const macUm2 = multiplierUm2 + accumulatorUm2;
    return {
      format: paper.format,
      accumulatorBits: paper.accumulatorBits,
      losslessBits: p.row.accumulatorBits,
      paper: { multiplierUm2: paper.multiplierUm2, accumulatorUm2: paper.accumulatorUm2, macUm2: paper.macUm2 },
      ours: { multiplierUm2, accumulatorUm2, macUm2 },
      error: {
        multiplier: multiplierUm2 / paper.multiplierUm2 - 1,
        accumulator: accumulatorUm2 / paper.accumulatorUm2 - 1,
        mac: macUm2 / paper.macUm2 - 1,
      },
      multiplierHeldOut: !FITTED.includes(paper.format),
      accumulatorHeldOutError: (p.accumulator * others) / paper.accumulatorUm2 - 1,
      structure: p.row.variant,
    };
  });
  const held = rows.filter((row) => row.multiplierHeldOut);
  const size = (errors: readonly number[]) => mean(errors.map(Math.abs));
  return {
    library,
    calibration: {
      um2PerGe,
      multiplierOffsetGe: offset,
      statement: `${um2PerGe.toFixed(4)} um2 per gate equivalent, least squares on the ten accumulators; ${offset.toFixed(1)} GE added to every multiplier, mean of ${FITTED.join(" and ")}; nothing else is fitted`,
    },
    rows,
    meanError: {
      accumulator: size(rows.map((r) => r.error.accumulator)),
      accumulatorHeldOut: size(rows.map((r) => r.accumulatorHeldOutError)),
      multiplierHeldOut: size(held.map((r) => r.error.multiplier)),
      mac: size(rows.map((r) => r.error.mac)),
      macHeldOut: size(held.map((r) => r.error.mac)),
    },
  };
}

function gateEquivalents(paper: PublishedMac, library: string, cells: Cells) {
  const { format } = paper;
  const row = macTable().find((r) => r.weight === format && r.activation === format && r.library === library);
  if (!row) throw new UserError(`${format} in ${library}: not in the committed table of syntheses`);
  const registers = 2 * getElement(format).bits * cells.flipFlop;
  return {
    row,
    multiplier: row.multiplierGe + negation(row, cells) + registers,
    accumulator: accumulatorGe(paper.accumulatorBits, { signMagnitude: false, productBits: 0 }, cells),
  };
}

/** What turns sign and magnitude of a product into two's complement: an XOR and a half adder per bit. */
function negation({ weight, activation, variant }: MacTableRow, cells: Cells): number {
  const structure = variant.split(",")[0]!;
  const { verilog, widths } = macVerilog(getElement(weight), getElement(activation), { structure });
  return verilog.includes("output wire negate") ? widths.product * (cells.xor + cells.halfAdder) : 0;
}

/** Cell areas of a library in gate equivalents, an inverter added to each inverting output. */
function cellsOf(library: CellLibrary): Cells {
  const { roles, nand2Area } = library;
  const ge = (name: string) => library.cells.find((cell) => cell.name === name)!.area / nand2Area;
  const inverter = ge(roles.inverter);
  const { fullAdder, halfAdder, flipFlop } = roles;
  const xor = library.cells.find(
    (c) =>
      c.inputs.length === 2 &&
      c.outputs.length === 1 &&
      truthTable(
        c.outputs[0]!.logic,
        c.inputs.map((i) => i.name),
      ) === "0110",
  );
  if (!fullAdder || !halfAdder || !xor) throw new UserError(`library ${library.id}: lacks adder cells or an XOR`);
  const outputs = (adder: typeof fullAdder) => (Number(adder.sumInverted) + Number(adder.carryInverted)) * inverter;
  return {
    ...CELLS,
    flipFlop: ge(flipFlop.cell) + (flipFlop.inverted ? inverter : 0),
    fullAdder: ge(fullAdder.cell) + outputs(fullAdder),
    halfAdder: ge(halfAdder.cell) + outputs(halfAdder),
    xor: xor.area / nand2Area,
  };
}

/** Slope of the line through the origin with least squares. */
function through(points: readonly (readonly [number, number])[]): number {
  const sum = (f: (p: readonly [number, number]) => number) => points.reduce((total, p) => total + f(p), 0);
  return sum(([x, y]) => x * y) / sum(([x]) => x * x);
}

function mean(values: readonly number[]): number {
  return values.reduce((total, v) => total + v, 0) / values.length;
}
