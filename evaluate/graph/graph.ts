import { bytes, concat, float, int, type Message } from "./protobuf.ts";
import type { Provider } from "./provider.ts";
import { type Data, type ElementType, elementTypes, size, type Value } from "./value.ts";

/** Opset 21 is the newest whose operators every execution provider of onnxruntime 1.30 covers. */
const OPSET = 21;
const IR_VERSION = 10;

/** A dimension of an input or output that each run decides. Ops compute with static shapes: only node() takes it. */
export const ANY = -1;

export type Attribute =
  | number
  | string
  | readonly number[]
  | { float: number }
  | { floats: readonly number[] }
  | { strings: readonly string[] }
  | { graph: Graph };

export interface Node {
  type: string;
  domain: string;
  inputs: readonly Value[];
  outputs: readonly Value[];
  attributes: Readonly<Record<string, Attribute>>;
}

/** One application of a differentiable op: what reverse mode walks back over. */
export interface Step {
  inputs: readonly Value[];
  output: Value;
  /** Gradients of the inputs given the gradient of the output; null where the input has none. */
  vjp: (grad: Value) => readonly (Value | null)[];
}

/** An ONNX graph under construction, with the tape that `gradients` reads. */
export interface Graph {
  inputs: Value[];
  outputs: { name: string; value: Value }[];
  constants: { value: Value; data: Data }[];
  nodes: Node[];
  tape: Step[];
  count: number;
  /** The widest floating type that the provider computes in: what quantization finds scales in. */
  readonly wide: "float32" | "float64";
}

/** A graph that will run on a provider; on any but for the exactness of quantization. */
export function createGraph(provider: Provider = "cpu"): Graph {
  const wide = provider === "webgpu" ? "float32" : "float64";
  return { inputs: [], outputs: [], constants: [], nodes: [], tape: [], count: 0, wide };
}

/** Declares a graph input that each run feeds. */
export function input(graph: Graph, name: string, type: ElementType, shape: readonly number[]): Value {
  if (graph.inputs.some((v) => v.name === name)) throw new Error(`internal: input ${name} declared twice`);
  const value = { name, type, shape };
  graph.inputs.push(value);
  return value;
}

/** A constant stored in the model. */
export function constant(graph: Graph, data: Data, shape: readonly number[] = [data.length]): Value {
  const type: ElementType =
    data instanceof Float32Array
      ? "float32"
      : data instanceof Float64Array
        ? "float64"
        : data instanceof Int32Array
          ? "int32"
          : "int64";
  if (size(shape) !== data.length) throw new Error(`internal: constant of ${data.length} elements as [${shape}]`);
  const value = { name: `c${graph.count++}`, type, shape };
  graph.constants.push({ value, data });
  return value;
}

/** A scalar constant of a floating type. */
export function scalar(graph: Graph, value: number, type: ElementType): Value {
  return constant(graph, type === "float64" ? Float64Array.of(value) : Float32Array.of(value), []);
}

/** A list of int64, the form in which ONNX takes axes and shapes. */
export function ints(graph: Graph, values: readonly number[]): Value {
  return constant(graph, BigInt64Array.from(values, BigInt));
}

/** Adds one ONNX node. Not differentiable by itself: ops record their own step on the tape. */
export function node(
  graph: Graph,
  type: string,
  inputs: readonly Value[],
  shape: readonly number[],
  options: { type?: ElementType; attributes?: Record<string, Attribute>; domain?: string } = {},
): Value {
  const output = { name: `v${graph.count++}`, type: options.type ?? inputs[0]!.type, shape };
  graph.nodes.push({
    type,
    domain: options.domain ?? "",
    inputs,
    outputs: [output],
    attributes: options.attributes ?? {},
  });
  return output;
}

/** A constant of type int64 without dimensions. */
export function int64(graph: Graph, value: number): Value {
  return constant(graph, BigInt64Array.of(BigInt(value)), []);
}

/** Names a value as an output of the graph; an Identity keeps inputs and repeated values legal as outputs. */
export function output(graph: Graph, name: string, value: Value): void {
  const named = { name, type: value.type, shape: value.shape };
  graph.nodes.push({ type: "Identity", domain: "", inputs: [value], outputs: [named], attributes: {} });
  graph.outputs.push({ name, value: named });
}

/** The nodes that the outputs need, in order: a gradient nobody asked for costs nothing. */
export function live(graph: Graph): Node[] {
  const needed = new Set(graph.outputs.map((o) => o.name));
  const kept: Node[] = [];
  for (let i = graph.nodes.length - 1; i >= 0; i--) {
    const n = graph.nodes[i]!;
    if (!n.outputs.some((o) => needed.has(o.name))) continue;
    for (const name of reads(n)) needed.add(name);
    kept.push(n);
  }
  return kept.reverse();
}

/** Names of the values a node reads, those that graphs in its attributes take from around them included. */
export function reads({ inputs, attributes }: Node): string[] {
  const inner = Object.values(attributes).flatMap((value) =>
    typeof value === "object" && "graph" in value ? live(value.graph).flatMap(reads) : [],
  );
  return [...inputs.map(({ name }) => name), ...inner];
}

/** The graph as the bytes of an ONNX model, as it stands (see `lower`). Inputs that nothing uses are left out. */
export function encode(graph: Graph): Uint8Array {
  const used = new Set(live(graph).flatMap(reads));
  const message = encodeGraph(
    graph,
    graph.inputs.filter(({ name }) => used.has(name)),
  );
  const domains = [...new Set(live(graph).flatMap(domainsOf))];
  return concat([
    int(1, IR_VERSION),
    bytes(2, "bitfrontier"),
    bytes(7, message),
    bytes(8, [bytes(1, ""), int(2, OPSET)]),
    ...domains.map((domain) => bytes(8, [bytes(1, domain), int(2, 1)])),
  ]);
}

function domainsOf({ domain, attributes }: Node): string[] {
  const inner = Object.values(attributes).flatMap((value) =>
    typeof value === "object" && "graph" in value ? live(value.graph).flatMap(domainsOf) : [],
  );
  return domain === "" ? inner : [domain, ...inner];
}

function encodeGraph(graph: Graph, inputs: readonly Value[]): Message {
  const nodes = live(graph);
  const used = new Set(nodes.flatMap(reads));
  const message: Message = nodes.map((n) => bytes(1, encodeNode(n)));
  message.push(bytes(2, "bitfrontier"));
  for (const { value, data } of graph.constants) {
    if (used.has(value.name)) message.push(bytes(5, encodeTensor(value, data)));
  }
  for (const value of inputs) message.push(bytes(11, encodeInfo(value)));
  for (const { value } of graph.outputs) message.push(bytes(12, encodeInfo(value)));
  return message;
}

function encodeNode(n: Node): Message {
  return [
    ...n.inputs.map((v) => bytes(1, v.name)),
    ...n.outputs.map((v) => bytes(2, v.name)),
    bytes(4, n.type),
    ...Object.entries(n.attributes).map(([name, value]) => bytes(5, encodeAttribute(name, value))),
    bytes(7, n.domain),
  ];
}

function encodeAttribute(name: string, value: Attribute): Message {
  if (typeof value === "number") return [bytes(1, name), int(3, value), int(20, 2)];
  if (typeof value === "string") return [bytes(1, name), bytes(4, value), int(20, 3)];
  if ("graph" in value) return [bytes(1, name), bytes(6, encodeGraph(value.graph, value.graph.inputs)), int(20, 5)];
  if ("float" in value) return [bytes(1, name), float(2, value.float), int(20, 1)];
  if ("floats" in value) return [bytes(1, name), ...value.floats.map((v) => float(7, v)), int(20, 6)];
  if ("strings" in value) return [bytes(1, name), ...value.strings.map((v) => bytes(9, v)), int(20, 8)];
  return [bytes(1, name), ...value.map((v) => int(8, v)), int(20, 7)];
}

function encodeTensor(value: Value, data: Data): Message {
  const raw = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  return [...value.shape.map((d) => int(1, d)), int(2, elementTypes[value.type]), bytes(8, value.name), bytes(9, raw)];
}

function encodeInfo(value: Value): Message {
  const shape = bytes(
    2,
    // A dimension without a value is one that each run decides.
    value.shape.map((d) => bytes(1, d === ANY ? [] : [int(1, d)])),
  );
  return [bytes(1, value.name), bytes(2, [bytes(1, [int(1, elementTypes[value.type]), shape])])];
}
