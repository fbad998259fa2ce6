import { UserError } from "../../formats/index.ts";
import type { Recipe } from "../training/recipe.ts";
import { recipes } from "../training/recipes/index.ts";
import { layerLog } from "./layerLog.ts";
import type { Method, MethodInput, MethodResult } from "./method.ts";

/** What a recipe takes as a method: `tsld:tokens=200000:rate=0.001`. */
const OPTIONS = { tokens: "tokens to train on", rate: "peak learning rate", batch: "windows of a step", seed: "seed" };
type Option = keyof typeof OPTIONS;

/**
 * A retraining recipe as a method: `tsld`, `tsld:tokens=200000`. It learns from the whole calibration text and changes every
 * tensor that the recipe trains. Null for ids of other methods. Throws UserError naming the option.
 */
export function retrainingMethod(id: string): Method | null {
  const [name, ...words] = id.trim().split(":");
  const recipe = recipes.find((each) => each.id === name);
  if (!recipe) return null;
  const options: Partial<Record<Option, number>> = {};
  for (const word of words) {
    const [key, text, ...rest] = word.split("=");
    if (!Object.hasOwn(OPTIONS, key!))
      throw new UserError(`method "${id}": ${name} has no option "${key}" (known: ${Object.keys(OPTIONS).join(", ")})`);
    const value = Number(text);
    const whole = key === "rate" || Number.isSafeInteger(value);
    const least = key === "seed" ? value >= 0 : value > 0;
    if (rest.length > 0 || text === "" || !whole || !least || value === Number.POSITIVE_INFINITY)
      throw new UserError(
        `method "${id}": option ${key} takes ${key === "rate" ? "a number" : "a whole number"} above 0`,
      );
    options[key as Option] = value;
  }
  const keys = (Object.keys(options) as Option[]).sort();
  const text = [recipe.id, ...keys.map((key) => `${key}=${options[key]}`)].join(":");
  return {
    id: text,
    summary: recipe.summary,
    calibration: "text",
    holdsOriginals: false,
    readsInputs: false,
    onGrid: false,
    rotates: recipe.rotation !== undefined,
    turnsCache: recipe.turnsCache === true,
    learnsRanges: recipe.activationRange === "learned",
    draws: options.seed === undefined,
    seeded: (seed) =>
      options.seed === undefined ? retrainingMethod(`${text}:seed=${seed}`)! : retrainingMethod(text)!,
    ownLevels: recipe.weights.levels === "learned",
    quantize: (input) => run(recipe, options, input, text),
  };
}

async function run(
  recipe: Recipe,
  options: Partial<Record<Option, number>>,
  { format, matrices, weights, into, training }: MethodInput,
  id: string,
): Promise<MethodResult> {
  if (!training) throw new UserError(`method "${id}" needs a text to train on; give one with --calibration FILE`);
  const { config, shapes, data, running, engine } = training;
  if (running.range && running.range !== "learned")
    throw new UserError(`method "${id}": static ranges of activations are not trained; take ranges of each token`);
  // The engine is large, and naming a method does without it.
  const { retrain } = await import("../training/index.ts");
  const warnings = new Set<string>();
  const trained = await retrain({
    model: { config, shapes, linears: matrices, weights },
    format,
    recipe,
    data,
    running,
    ...options,
    ...engine,
    warn: (text) => warnings.add(text),
  });
  const sums = { errors: 0, squares: 0, count: 0 };
  const layers = matrices.map((matrix) => {
    const own = trained.weights.get(matrix.name)!;
    const { log, squaredError, squares } = layerLog(matrix, format, weights.get(matrix.name)!, own);
    into.get(matrix.name)!.set(own);
    sums.errors += squaredError;
    sums.squares += squares;
    sums.count += own.length;
    return log;
  });
  const rest = [...trained.weights].filter(([name]) => !into.has(name) || !matrices.some((each) => each.name === name));
  return {
    layers,
    weightMse: sums.squares > 0 ? sums.errors / sums.squares : 0,
    extraBitsPerWeight: trained.extraBits / sums.count,
    warnings: [...warnings],
    replaced: new Map(rest),
    training: trained.log,
  };
}
