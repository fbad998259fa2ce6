/**
 * @file What graphs look like to a provider. Ops are declared once, with the operators that the CPU runs best; the few that
 * another provider lacks or gets wrong are rewritten here, when the graph is encoded, so that no op knows of providers.
 */
import { type Graph, ints, type Node, node, scalar } from "./graph.ts";
import { add, div, mean, mul, sqrt, sub, sum } from "./ops/index.ts";
import type { Provider } from "./provider.ts";
import type { Value } from "./value.ts";

type Lowering = (graph: Graph, node: Node) => Value;

/**
 * onnxruntime 1.30's WebGPU provider has no LogSoftmax, and the nodes it does not have run on the CPU, with a copy of the
 * logits there and back. Its LayerNormalization takes the variance as E[x²] − E[x]², which loses all digits where the mean
 * is large beside the deviation, as in residual streams.
 */
const webgpu: Readonly<Record<string, Lowering>> = {
  LogSoftmax(graph, { inputs: [x] }) {
    const last = x!.shape.length - 1;
    const column = [...x!.shape.slice(0, last), 1];
    const most = node(graph, "ReduceMax", [x!, ints(graph, [last])], column, { attributes: { keepdims: 1 } });
    const shifted = sub(graph, x!, most);
    const total = sum(graph, node(graph, "Exp", [shifted], x!.shape), [last]);
    return sub(graph, shifted, node(graph, "Log", [total], column));
  },
  // Its indices have to be int64. Rows by number, as the gradient of an embedding adds them.
  ScatterND(graph, { inputs: [into, rows, values], attributes }) {
    const index = node(graph, "Expand", [rows!, ints(graph, values!.shape)], values!.shape);
    return node(graph, "ScatterElements", [into!, index, values!], into!.shape, {
      attributes: { ...attributes, axis: 0 },
    });
  },
  // Halves to the even integer.
  Round(graph, { inputs: [x] }) {
    const half = scalar(graph, 0.5, x!.type);
    const at = (type: string, a: Value, b: Value) => node(graph, type, [a, b], x!.shape, { type: "bool" });
    const where = (condition: Value, a: Value, b: Value) =>
      node(graph, "Where", [condition, a, b], x!.shape, { type: x!.type });
    const floor = (value: Value) => node(graph, "Floor", [value], x!.shape);
    const below = floor(x!);
    const rest = sub(graph, x!, below);
    const isOdd = sub(graph, below, mul(graph, scalar(graph, 2, x!.type), floor(mul(graph, below, half))));
    const [none, one] = [scalar(graph, 0, x!.type), scalar(graph, 1, x!.type)];
    const up = where(at("Greater", rest, half), one, where(at("Less", rest, half), none, isOdd));
    return add(graph, below, up);
  },
  LayerNormalization(graph, { inputs: [x, w, b], attributes: { epsilon } }) {
    const last = [x!.shape.length - 1];
    const { float: eps } = epsilon as { float: number };
    const centred = sub(graph, x!, mean(graph, x!, last));
    const variance = mean(graph, mul(graph, centred, centred), last);
    const deviation = sqrt(graph, add(graph, variance, scalar(graph, eps, x!.type)));
    return add(graph, mul(graph, div(graph, centred, deviation), w!), b!);
  },
};

const lowerings: Partial<Record<Provider, Readonly<Record<string, Lowering>>>> = { webgpu };

/** Providers without 64-bit integers: token ids and labels reach them as int32. */
export const narrowsIntegers = (provider: Provider): boolean => provider === "webgpu";

/** The same computation in operators that the provider has and gets right. The given graph is not changed. */
export function lower(graph: Graph, provider: Provider): Graph {
  const rules = lowerings[provider];
  if (!rules) return graph;
  const inputs = graph.inputs.map((v): Value => (v.type === "int64" ? { ...v, type: "int32" } : v));
  return { ...rewritten(graph, rules), inputs };
}

function rewritten(graph: Graph, rules: Readonly<Record<string, Lowering>>): Graph {
  const lowered: Graph = { ...graph, constants: [...graph.constants], nodes: [], tape: [] };
  for (const each of graph.nodes) {
    const rule = rules[each.type];
    const { body } = each.attributes;
    if (typeof body === "object" && "graph" in body) {
      // New names are new around the body too.
      const inner = rewritten({ ...body.graph, count: lowered.count }, rules);
      lowered.count = inner.count;
      lowered.nodes.push({ ...each, attributes: { ...each.attributes, body: { graph: inner } } });
    } else if (!rule) lowered.nodes.push(each);
    else {
      rule(lowered, each);
      const last = lowered.nodes.pop()!;
      lowered.nodes.push({ ...last, outputs: each.outputs });
    }
  }
  return lowered;
}
