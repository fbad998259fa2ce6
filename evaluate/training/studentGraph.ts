import type { Device } from "../engine/session.ts";
import { createGraph, type Graph, input, type Loss, type Value } from "../graph/index.ts";
import { type ModelConfig, type ModelGraph, modelLogits } from "../model/architectures/index.ts";
import { type Hooks, type Intervention, tapBlocks } from "./layerTaps.ts";
import { losses } from "./losses.ts";
import { isLogitLoss, objectiveOf, type Term } from "./objective.ts";

/** Where the teacher's logits come from: its own weights in the same graph, or an input that the host fills. */
export type TeacherSource = "graph" | "logits";

export interface StudentOptions {
  readonly terms: readonly Term[];
  readonly batch: number;
  /** Windows of the step that these are an equal part of; `batch` when absent. */
  readonly stepBatch?: number;
  /** Positions of each window that are predicted. */
  readonly time: number;
  readonly teacher: TeacherSource;
  readonly intervention?: Intervention | null;
  readonly chunkElements?: number;
  /** Hooks of the student alone, such as fake quantization of its activations. */
  readonly student?: (model: ModelGraph) => Partial<ModelGraph>;
  /** What the student computes with in place of a tensor, where it is rounded inside the graph. */
  readonly weight?: (graph: Graph, name: string, value: Value) => Value;
  /** Shapes of what the student's layers do to their inputs: tensors of its own, which the teacher has not. */
  readonly transforms?: ReadonlyMap<string, readonly number[]>;
  readonly device?: Device | undefined;
}

/** A student beside its teacher as a graph to be minimised. Inputs: `tokens`, `labels`, tensors, `teacher/…`, `gamma`. */
export interface StudentGraph extends Loss {
  /** The student's tensors, in the order of `shapes`. */
  readonly parameters: readonly Value[];
}

/** Inputs of which each window has its own: token ids, and logits that a teacher lends. */
export const WINDOW_INPUTS = ["tokens", "labels", "teacher"];

export const needsTeacher = (terms: readonly Term[]) =>
  terms.some(({ loss }) => !isLogitLoss(loss) || losses[loss].needs.some((need) => need === "teacher"));
export const needsLayers = (terms: readonly Term[]) => terms.some(({ loss }) => !isLogitLoss(loss));
export const needsGamma = (terms: readonly Term[]) =>
  terms.some(({ loss }) => isLogitLoss(loss) && losses[loss].needs.some((need) => need === "gamma"));

export function studentGraph(
  config: ModelConfig,
  shapes: ReadonlyMap<string, readonly number[]>,
  options: StudentOptions,
): StudentGraph {
  const { terms, batch, stepBatch = batch, time, teacher: source, intervention = null } = options;
  const { student, weight, transforms } = options;
  const graph = createGraph(options.device);
  const n = batch * time;
  const tokens = input(graph, "tokens", "int64", [n]);
  const labels = input(graph, "labels", "int64", [n]);
  const layers = intervention !== null || needsLayers(terms);
  const logitsOf = (prefix: string, hooks: (model: ModelGraph) => Partial<ModelGraph>) => {
    const own = new Map([...shapes, ...((prefix === "" && transforms) || [])]);
    const values = new Map([...own].map(([name, shape]) => [name, input(graph, prefix + name, "float32", shape)]));
    const used = (name: string) => (prefix === "" && weight?.(graph, name, values.get(name)!)) || values.get(name)!;
    const model: ModelGraph = { graph, tokens, batch, weight: used };
    return { logits: modelLogits({ ...model, ...hooks(model) }, config), values };
  };
  const teacherSide = () => {
    if (source === "logits") return { logits: input(graph, "teacher", "float32", [n, config.vocabSize]), taps: null };
    const tapped = layers ? tapBlocks(graph, null, null) : null;
    return { logits: logitsOf("teacher/", () => tapped?.hooks ?? {}).logits, taps: tapped?.taps ?? null };
  };
  const teacher = layers || needsTeacher(terms) ? teacherSide() : null;
  const tapped = layers ? tapBlocks(graph, teacher!.taps, intervention) : null;
  const { logits, values } = logitsOf("", (model) => composed(student?.(model) ?? {}, tapped?.hooks ?? {}));
  const gamma = needsGamma(terms) ? input(graph, "gamma", "float32", []) : null;
  const { objective, terms: named } = objectiveOf(terms, {
    graph,
    student: { logits, taps: tapped?.taps ?? null },
    teacher,
    labels,
    gamma,
    batch,
    stepBatch,
    ...(options.chunkElements === undefined ? {} : { chunkElements: options.chunkElements }),
  });
  return { graph, objective, terms: named, parameters: [...values.values()] };
}

/** Both hooks where both look at what goes into a linear layer or comes out; the taps' for the rest. */
function composed(student: Partial<ModelGraph>, taps: Partial<Hooks>): Partial<ModelGraph> {
  const same = (_name: string, x: Value) => x;
  const { linearInput: roundedInput = same, linearOutput: roundedOutput = same } = student;
  const { linearInput: tappedInput = same, linearOutput: tappedOutput = same } = taps;
  return {
    ...student,
    ...taps,
    linearInput: (name, x) => roundedInput(name, tappedInput(name, x)),
    linearOutput: (name, y) => tappedOutput(name, roundedOutput(name, y)),
  };
}
