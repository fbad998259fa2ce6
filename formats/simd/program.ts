import { CUTS, ERROR, GROUP_BYTES, PAGES, PLANES, STEP } from "./layout.ts";
import {
  addInt,
  assemble,
  type Code,
  constVector,
  doWhileBelow,
  get,
  int,
  loadVector,
  set,
  shuffle,
  splatFloat,
  storeVector,
  vector,
  type WasmFunction,
  zeroVector,
} from "./wasm.ts";

/** Without the sign: the bits of |x|. */
const MAGNITUDE = constVector([255, 255, 255, 127, 255, 255, 255, 127, 255, 255, 255, 127, 255, 255, 255, 127]);
const lanes = (...starts: number[]) => starts.flatMap((start) => [start, start + 16]);
const [LOW_BYTES, HIGH_BYTES] = [lanes(0, 1, 2, 3, 4, 5, 6, 7), lanes(8, 9, 10, 11, 12, 13, 14, 15)];
const pairs = (...starts: number[]) => starts.flatMap((start) => [start, start + 1, start + 16, start + 17]);
const [LOW_WORDS, HIGH_WORDS] = [pairs(0, 2, 4, 6), pairs(8, 10, 12, 14)];
const NEXT_LANE = [4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3];
const UPPER_HALF = [8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7];

/**
 * The program for codebooks of at most 16 levels; `programBytes.ts` is what it assembles to. Every function takes the data's
 * first and last address, the bytes of a group and the address of the groups' table:
 * `measure` writes each group's extremes and sum of squares; `round`, which takes the end of the cuts too, rounds in place,
 * with the group's divisor and multiplier (two float32) from the table; `roundAndSum` also adds the squared errors to the
 * two float64 at ERROR.
 */
export function roundingProgram(): Uint8Array<ArrayBuffer> {
  return assemble(PAGES, [measure(), round("round", false), round("roundAndSum", true)]);
}

const [at, end, groupBytes, table, stop] = [0, 1, 2, 3, 4];
const advance = (local: number, by: number) => set(local, addInt(get(local), int(by)));
const startGroup = set(stop, addInt(get(at), get(groupBytes)));

/** Two float32 of a vector as float64. */
function promoted(source: Code, half: "low" | "high"): Code {
  return vector("promoteLow", half === "low" ? source : shuffle(source, source, UPPER_HALF));
}

const four = [0, 1, 2, 3];
const halves = ["low", "high"] as const;

/**
 * Adds the square of a local's two float64 to `partial`, or starts it. One step's sixteen squares are added up apart and
 * then to the group's sum: a chain of sixteen additions to one sum would cost more time than all the rest.
 */
function addSquare(partial: number, local: number, first: boolean): Code[] {
  const square = vector("f64x2Mul", get(local), get(local));
  return [set(partial, first ? square : vector("f64x2Add", get(partial), square))];
}

/** The operation over the four lanes of a local, in all lanes. */
function acrossLanes(operation: "f32x4Pmin" | "f32x4Pmax" | "i32x4MaxU", local: number): Code {
  const turned = (lanes: readonly number[]) => shuffle(get(local), get(local), lanes);
  const halves = set(local, vector(operation, get(local), turned(UPPER_HALF)));
  return [...halves, ...vector(operation, get(local), turned(NEXT_LANE))];
}

function measure(): WasmFunction {
  const [min, max, bits, x, square, partial, sum] = [5, 6, 7, 8, 9, 10, 11];
  const step = four.flatMap((j) => [
    set(x, loadVector(get(at), 16 * j)),
    set(min, vector("f32x4Pmin", get(min), get(x))),
    set(max, vector("f32x4Pmax", get(max), get(x))),
    set(bits, vector("i32x4MaxU", get(bits), vector("and", get(x), MAGNITUDE))),
    ...halves.flatMap((half, i) => [
      set(square, promoted(get(x), half)),
      ...addSquare(partial, square, j === 0 && i === 0),
    ]),
  ]);
  step.push(set(sum, vector("f64x2Add", get(sum), get(partial))), advance(at, 4 * STEP));
  const results = [
    acrossLanes("f32x4Pmin", min),
    acrossLanes("f32x4Pmax", max),
    acrossLanes("i32x4MaxU", bits),
    get(sum),
  ];
  const body = doWhileBelow(
    at,
    end,
    ...[min, max, bits, sum].map((local) => set(local, zeroVector)),
    startGroup,
    doWhileBelow(at, stop, ...step),
    ...results.map((result, i) => storeVector(get(table), 16 * i, result)),
    advance(table, GROUP_BYTES),
  );
  return { name: "measure", parameters: 4, ints: 1, vectors: 7, body };
}

/** Parameters and locals of `round`: four vectors each of quotients, of whatever leads to ranks and levels, and of byte planes. */
const [cutsEnd, roundStop, cut, divisor, multiplier, quotient, work, plane, shared, partial, sum] = [
  4, 5, 6, 7, 8, 9, 13, 17, 21, 22, 23,
];

/** Ranks of the quotients, as bytes in `shared`: one for every cut at or below. */
function ranks(): Code[] {
  const steps: Code[] = [
    ...four.map((j) => set(work + j, zeroVector)),
    set(cut, int(CUTS)),
    doWhileBelow(
      cut,
      cutsEnd,
      set(shared, loadVector(get(cut))),
      ...four.map((j) =>
        set(work + j, vector("i32x4Add", get(work + j), vector("f32x4Ge", get(quotient + j), get(shared)))),
      ), // −1 where it is
      advance(cut, 16),
    ),
  ];
  const narrow = (j: number) => vector("i16x8Narrow", get(work + j), get(work + j + 1));
  return [...steps, set(shared, vector("i8x16Neg", vector("i8x16Narrow", narrow(0), narrow(2))))];
}

/** Levels of the ranks in `shared`: looked up one byte of the float32 at a time, then the bytes side by side again. */
function levelsOfRanks(): { steps: Code[]; levels: Code[] } {
  const steps = four.map((b) => set(plane + b, vector("i8x16Swizzle", loadVector(int(PLANES), 16 * b), get(shared))));
  for (const [j, order] of [LOW_BYTES, HIGH_BYTES].entries()) {
    steps.push(set(work + j, shuffle(get(plane), get(plane + 1), order)));
    steps.push(set(work + 2 + j, shuffle(get(plane + 2), get(plane + 3), order)));
  }
  const levels = four.map((j) =>
    shuffle(get(work + (j >> 1)), get(work + 2 + (j >> 1)), j % 2 === 0 ? LOW_WORDS : HIGH_WORDS),
  );
  return { steps, levels };
}

function round(name: string, withError: boolean): WasmFunction {
  const step: Code[] = [
    ...four.map((j) => set(quotient + j, vector("f32x4Div", loadVector(get(at), 16 * j), get(divisor)))),
    ...ranks(),
  ];
  const { steps, levels } = levelsOfRanks();
  step.push(...steps);
  for (const [j, level] of levels.entries()) {
    // Adding 0 makes a zero of −0.
    const rounded = vector("f32x4Add", vector("f32x4Mul", level, get(multiplier)), zeroVector);
    step.push(set(quotient + j, rounded));
    if (withError) {
      step.push(set(shared, loadVector(get(at), 16 * j)));
      for (const [i, half] of halves.entries()) {
        const difference = vector("f64x2Sub", promoted(get(quotient + j), half), promoted(get(shared), half));
        step.push(set(plane, difference), ...addSquare(partial, plane, j === 0 && i === 0));
      }
    }
    step.push(storeVector(get(at), 16 * j, get(quotient + j)));
  }
  if (withError) step.push(set(sum, vector("f64x2Add", get(sum), get(partial))));
  step.push(advance(at, 4 * STEP));
  const group = doWhileBelow(
    at,
    end,
    set(divisor, splatFloat(get(table), 0)),
    set(multiplier, splatFloat(get(table), 4)),
    advance(table, GROUP_BYTES),
    set(roundStop, addInt(get(at), get(groupBytes))),
    doWhileBelow(at, roundStop, ...step),
  );
  const total = vector("f64x2Add", loadVector(int(ERROR)), get(sum));
  const body = withError ? [...group, ...storeVector(int(ERROR), 0, total)] : group;
  return { name, parameters: 5, ints: 2, vectors: 17, body };
}
