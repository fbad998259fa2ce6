import { nearest, UserError } from "../../formats/index.ts";
import type { CalibrationNeed, Method } from "./method.ts";
import type {
  BlockRoundingPart,
  Part,
  PartOptions,
  RangePart,
  RotationPart,
  RoundingPart,
  ScalingPart,
} from "./part.ts";
import { runMethod } from "./runMethod.ts";

const SLOTS = ["scaling", "rotation", "range", "rounding"] as const;
const NEEDS: readonly CalibrationNeed[] = ["none", "inputs", "drift"];

/** A factor of an input channel is stored in half precision, as the scales of most formats, unless its part says else. */
const CHANNEL_SCALE_BITS = 16;

/** The parts of a method, each with its options bound. */
export interface Recipe {
  readonly calibration: CalibrationNeed;
  readonly scaling: ReturnType<ScalingPart["act"]> | null;
  /** Bits in which the factor of an input channel is stored. */
  readonly scaleBits: number;
  readonly rotation: ReturnType<RotationPart["act"]> | null;
  /** Whether that looks at inputs that are rounded. */
  readonly rotationAsks: boolean;
  readonly range: ReturnType<RangePart["act"]> | null;
  readonly needsFisher: boolean;
  /** One of the two, layer by layer or block by block. */
  readonly rounding: ReturnType<RoundingPart["act"]> | null;
  readonly blockRounding: ReturnType<BlockRoundingPart["act"]> | null;
}

/**
 * The method of an id: parts joined by `+`, at most one a slot, in any order, each with options `:name` or `:name=number`.
 * The id is written back in one way, so that equal methods have equal ids; rounding to nearest, the default, is left out
 * beside another part. Throws UserError naming the part or the option and the nearest known one.
 */
export function composeMethod(id: string, parts: readonly Part[]): Method {
  const chosen = id.split("+").map((text) => parsePart(text.trim(), id, parts));
  for (const slot of SLOTS) {
    const rivals = chosen.filter(({ part }) => part.slot === slot);
    if (rivals.length > 1)
      throw new UserError(`method "${id}": ${rivals.map(({ part }) => part.id).join(" and ")} exclude each other`);
  }
  const bound = <S extends Part["slot"]>(slot: S) => chosen.find(({ part }) => part.slot === slot);
  const [scaling, rotation, range] = [bound("scaling"), bound("rotation"), bound("range")];
  const given = bound("rounding");
  const rounding = given ?? { part: parts.find((part) => part.id === "rtn")!, options: {}, text: "rtn" };
  const rounds = rounding.part as RoundingPart | BlockRoundingPart;
  if (range && rounds.over === undefined && rounds.ownGrid)
    throw new UserError(`method "${id}": ${rounds.id} has grids of its own, which ${range.part.id} does not choose`);
  const needsFisher = range?.part.slot === "range" && range.part.needsFisher === true;
  if (needsFisher && rotation)
    throw new UserError(
      `method "${id}": ${range.part.id} weighs each weight by its own gradient, which ${rotation.part.id} mixes with others`,
    );
  const needless = given?.part.id === "rtn" && (scaling || rotation || range);
  const named = [scaling, rotation, range, needless ? undefined : given].filter((each) => each !== undefined);
  const recipe: Recipe = {
    calibration: NEEDS[Math.max(...chosen.map(({ part }) => NEEDS.indexOf(part.calibration)))]!,
    scaling: scaling?.part.slot === "scaling" ? scaling.part.act(scaling.options) : null,
    scaleBits: (scaling?.part.slot === "scaling" && scaling.part.scaleBits) || CHANNEL_SCALE_BITS,
    rotation: rotation?.part.slot === "rotation" ? rotation.part.act(rotation.options) : null,
    rotationAsks: rotation?.part.slot === "rotation" && rotation.part.asks(rotation.options),
    range: range?.part.slot === "range" ? range.part.act(range.options) : null,
    needsFisher,
    rounding: rounds.over === undefined ? rounds.act(rounding.options) : null,
    blockRounding: rounds.over === "blocks" ? rounds.act(rounding.options) : null,
  };
  const drawing = chosen.filter(({ part, options }) => "seed" in part.options && options.seed === undefined);
  const ownLevels = range?.part.slot === "range" && range.part.ownLevels === true;
  const method: Method = {
    id: named.map(({ text }) => text).join("+"),
    summary: named.map(({ part }) => part.summary).join("; "),
    calibration: recipe.calibration,
    rotates: rotation !== undefined,
    learnsRanges: false,
    readsInputs: recipe.rotationAsks,
    holdsOriginals: recipe.blockRounding !== null,
    onGrid: !scaling && !rotation && !ownLevels && !(rounding.part as RoundingPart).ownGrid,
    ownLevels,
    draws: drawing.length > 0,
    seeded(seed) {
      if (drawing.length === 0) return method;
      const texts = chosen.map((each) => (drawing.includes(each) ? `${each.text}:seed=${seed}` : each.text));
      return composeMethod(texts.join("+"), parts);
    },
    async quantize(input) {
      const { calibrator, inputs } = input;
      const needs = recipe.calibration !== "none" || (inputs && recipe.rotationAsks);
      if ((needs || inputs?.range) && !calibrator) {
        const what = needs ? `method "${id}" needs` : "static ranges of activations need";
        throw new UserError(`${what} a calibration text; give one with --calibration FILE`);
      }
      return runMethod(recipe, input);
    },
  };
  return method;
}

function parsePart(
  text: string,
  id: string,
  parts: readonly Part[],
): { part: Part; options: PartOptions; text: string } {
  const [name, ...words] = text.split(":");
  const part = parts.find((each) => each.id === name);
  if (!part) {
    const known = parts.map((each) => each.id);
    throw new UserError(`method "${id}": unknown "${name}"${hint(name!, known)} (known: ${known.join(", ")})`);
  }
  const options: Record<string, number | true> = {};
  for (const word of words) {
    const [key, value, ...rest] = word.split("=");
    const option = Object.hasOwn(part.options, key!) ? part.options[key!]! : null;
    if (!option) {
      const known = Object.keys(part.options);
      const list = known.length > 0 ? ` (known: ${known.join(", ")})` : "";
      throw new UserError(`method "${id}": ${name} has no option "${key}"${hint(key!, known)}${list}`);
    }
    if (Object.hasOwn(options, key!)) throw new UserError(`method "${id}": ${key} is given twice`);
    const number = value === undefined || value.trim() === "" ? Number.NaN : Number(value);
    if (
      option.default === null
        ? value !== undefined
        : rest.length > 0 || !(number >= 0 && number < Number.POSITIVE_INFINITY)
    )
      throw new UserError(
        `method "${id}": option ${key} takes ${option.default === null ? "no value" : "a number of at least 0"}`,
      );
    if (option.default === null) options[key!] = true;
    else if (number !== option.default) options[key!] = number;
  }
  const written = Object.keys(options)
    .sort()
    .map((key) => (options[key] === true ? `:${key}` : `:${key}=${options[key]}`));
  return { part, options, text: `${part.id}${written.join("")}` };
}

function hint(word: string, known: readonly string[]): string {
  const similar = nearest(word, known, 1)[0];
  return similar ? `; did you mean ${similar}?` : "";
}
