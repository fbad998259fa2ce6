import { constant, type Graph, ints, node } from "../graph.ts";
import { type ElementType, elementTypes, size, type Value } from "../value.ts";

/** A value, or a number of the other operand's type. */
export type Operand = Value | number;

/**
 * Arithmetic as bare ONNX nodes, with broadcasting and without gradients: what fake quantization is written in. Nodes that
 * no output needs are dropped when the graph is encoded.
 */
export function nodes(graph: Graph) {
  const scalars = new Map<string, Value>();
  const scalar = (x: number, type: ElementType) => {
    const key = `${type} ${Object.is(x, -0) ? "-0" : x}`;
    const arrays = { float64: Float64Array, float32: Float32Array, int32: Int32Array };
    const known = scalars.get(key) ?? constant(graph, arrays[type as keyof typeof arrays].of(x), []);
    scalars.set(key, known);
    return known;
  };
  const pair = (a: Operand, b: Operand): [Value, Value] => {
    const { type } = typeof a === "number" ? (b as Value) : a;
    return [typeof a === "number" ? scalar(a, type) : a, typeof b === "number" ? scalar(b, type) : b];
  };
  const binary = (name: string, type?: ElementType) => (a: Operand, b: Operand) => {
    const [left, right] = pair(a, b);
    return node(graph, name, [left, right], broadcast(left.shape, right.shape), { type: type ?? left.type });
  };
  const unary = (name: string) => (x: Value) => node(graph, name, [x], x.shape);
  const reduce = (name: string) => (x: Value, axes: readonly number[]) => {
    const shape = x.shape.map((d, i) => (axes.includes(i) ? 1 : d));
    return node(graph, name, [x, ints(graph, axes)], shape, { attributes: { keepdims: 1 } });
  };
  return {
    graph,
    /** The type in which scales are computed: formats/ has float64, which not every provider has. */
    wide: graph.wide,
    add: binary("Add"),
    sub: binary("Sub"),
    mul: binary("Mul"),
    div: binary("Div"),
    min: binary("Min"),
    max: binary("Max"),
    equal: binary("Equal", "bool"),
    less: binary("Less", "bool"),
    greater: binary("Greater", "bool"),
    atLeast: binary("GreaterOrEqual", "bool"),
    atMost: binary("LessOrEqual", "bool"),
    both: binary("And", "bool"),
    abs: unary("Abs"),
    neg: unary("Neg"),
    sign: unary("Sign"),
    sqrt: unary("Sqrt"),
    floor: unary("Floor"),
    /** To the nearest integer, halves to the even one. */
    round: unary("Round"),
    largest: reduce("ReduceMax"),
    smallest: reduce("ReduceMin"),
    sum: reduce("ReduceSum"),
    where(condition: Value, a: Operand, b: Operand): Value {
      const [left, right] =
        typeof a === "number" && typeof b === "number" ? [scalar(a, "float32"), scalar(b, "float32")] : pair(a, b);
      const shape = broadcast(condition.shape, broadcast(left.shape, right.shape));
      return node(graph, "Where", [condition, left, right], shape, { type: left.type });
    },
    clip: (x: Value, low: number, high: number) =>
      node(graph, "Clip", [x, scalar(low, x.type), scalar(high, x.type)], x.shape),
    cast: (x: Value, type: ElementType) =>
      x.type === type ? x : node(graph, "Cast", [x], x.shape, { type, attributes: { to: elementTypes[type] } }),
    reshape: (x: Value, shape: readonly number[]) =>
      x.shape.length === shape.length && x.shape.every((d, i) => d === shape[i])
        ? x
        : node(graph, "Reshape", [x, ints(graph, shape)], checked(x, shape)),
    slice(x: Value, axis: number, from: number, to: number): Value {
      const shape = x.shape.map((d, i) => (i === axis ? to - from : d));
      return node(graph, "Slice", [x, ints(graph, [from]), ints(graph, [to]), ints(graph, [axis])], shape);
    },
    /** `count` more elements at the end of an axis: repeats of the last one, or zeros. */
    lengthen(x: Value, axis: number, count: number, mode: "edge" | "constant"): Value {
      if (count === 0) return x;
      const widths = x.shape.flatMap(() => [0, 0]);
      widths[x.shape.length + axis] = count;
      const shape = x.shape.map((d, i) => (i === axis ? d + count : d));
      return node(graph, "Pad", [x, ints(graph, widths)], shape, { attributes: { mode } });
    },
    /** Entries of a table by int32 index; one outside it stops the run. */
    lookUp: (table: Float32Array, index: Value) =>
      node(graph, "Gather", [constant(graph, table, [table.length]), index], index.shape, { type: "float32" }),
    expand: (x: Value, shape: readonly number[]) => node(graph, "Expand", [x, ints(graph, shape)], shape),
    /** The sum along the last axis, one number after another as a loop adds them: ReduceSum's order is its own. */
    sumInOrder(x: Value): Value {
      const [axis, length] = [x.shape.length - 1, x.shape.at(-1)!];
      const sums = node(graph, "CumSum", [x, constant(graph, BigInt64Array.of(BigInt(axis)), [])], x.shape);
      const shape = [...x.shape.slice(0, -1), 1];
      return node(graph, "Slice", [sums, ints(graph, [length - 1]), ints(graph, [length]), ints(graph, [axis])], shape);
    },
  };
}

export type Nodes = ReturnType<typeof nodes>;

function checked(x: Value, shape: readonly number[]): readonly number[] {
  if (size(x.shape) !== size(shape)) throw new Error(`internal: [${x.shape}] as [${shape}]`);
  return shape;
}

function broadcast(a: readonly number[], b: readonly number[]): number[] {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, i) => {
    const [x, y] = [a[a.length - rank + i] ?? 1, b[b.length - rank + i] ?? 1];
    if (x !== y && x !== 1 && y !== 1) throw new Error(`internal: [${a}] with [${b}]`);
    return Math.max(x, y);
  });
}
