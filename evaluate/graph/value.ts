/** Element types a graph uses, with their ONNX numbers (TensorProto.DataType). */
export const elementTypes = { float32: 1, int32: 6, int64: 7, bool: 9, float64: 11 } as const;
export type ElementType = keyof typeof elementTypes;

/** A symbolic tensor: an input, a constant or the output of a node. Shapes are static. */
export interface Value {
  readonly name: string;
  readonly type: ElementType;
  readonly shape: readonly number[];
}

export type Data = Float32Array | Float64Array | Int32Array | BigInt64Array;

export function size(shape: readonly number[]): number {
  return shape.reduce((n, d) => n * d, 1);
}

export function show(value: Value): string {
  return `${value.name} ${value.type}[${value.shape.join(",")}]`;
}
