import type { Session, SessionOptions } from "../engine/session.ts";
import { createGraph, encode, input, node, output } from "../graph/index.ts";

/** Matrix products in float32 by the engine, one session a shape. */
export interface Products {
  /** a [m, k] times b [k, n], row-major. */
  multiply(a: Float32Array, b: Float32Array, m: number, k: number, n: number): Promise<Float32Array>;
  release(): Promise<void>;
}

export function createProducts(options: SessionOptions = {}): Products {
  const sessions = new Map<string, Promise<Session>>();
  return {
    async multiply(a, b, m, k, n) {
      const key = `${m} ${k} ${n}`;
      const opening = sessions.get(key) ?? open(m, k, n, options);
      sessions.set(key, opening);
      const product = { data: new Float32Array(m * n), shape: [m, n] };
      const session = await opening;
      await session.run({ a: { data: a, shape: [m, k] }, b: { data: b, shape: [k, n] } }, { product });
      return product.data;
    },
    async release() {
      for (const session of sessions.values()) await (await session).release();
    },
  };
}

async function open(m: number, k: number, n: number, options: SessionOptions): Promise<Session> {
  const graph = createGraph();
  const [a, b] = [input(graph, "a", "float32", [m, k]), input(graph, "b", "float32", [k, n])];
  output(graph, "product", node(graph, "MatMul", [a, b], [m, n]));
  // The engine loads a 20 MB library, which methods that need no product do without.
  const { createSession } = await import("../engine/session.ts");
  return createSession(encode(graph), options);
}
