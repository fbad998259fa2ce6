import { float16ToFloat32Bits } from "./halfFloats.ts";

let values: Float32Array | undefined;

/** The value of every float16 pattern. */
export function float16Values(): Float32Array {
  if (values === undefined) {
    values = new Float32Array(0x10000);
    float16ToFloat32Bits(
      Uint16Array.from({ length: 0x10000 }, (_, pattern) => pattern),
      new Uint32Array(values.buffer),
    );
  }
  return values;
}
