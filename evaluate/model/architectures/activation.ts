import { UserError } from "../../../formats/error.ts";
import { type Graph, gelu, geluTanh, relu, silu, type Value } from "../../graph/index.ts";
import { describe, type JsonFields } from "../jsonFields.ts";

/** The nonlinearities of feed-forwards. */
export const activations = { silu, gelu, gelu_tanh: geluTanh, relu } as const satisfies Record<
  string,
  (graph: Graph, x: Value) => Value
>;
export type Activation = keyof typeof activations;

/** transformers' names (activations.py, ACT2FN) for the same functions; gelu_fast is the tanh form factored otherwise. */
const NAMES: ReadonlyMap<string, Activation> = new Map<string, Activation>([
  ["silu", "silu"],
  ["swish", "silu"],
  ["gelu", "gelu"],
  ["gelu_python", "gelu"],
  ["gelu_new", "gelu_tanh"],
  ["gelu_fast", "gelu_tanh"],
  ["gelu_pytorch_tanh", "gelu_tanh"],
  ["relu", "relu"],
]);

/** The activation that config.json names under `key`. Throws UserError listing those supported. */
export function readActivation(fields: JsonFields, key: string, fallback: string): Activation {
  const name = fields.text(key) ?? fallback;
  const activation = NAMES.get(name);
  if (activation !== undefined) return activation;
  const supported = [...NAMES.keys()].join(", ");
  throw new UserError(`${fields.path}: ${key} ${describe(name)} is not supported; supported: ${supported}`);
}
