import type { Session, SessionOptions } from "../engine/session.ts";
import { createGraph, type ElementType, input, node, output } from "../graph/index.ts";

/** Matrix products by the engine, one session a shape. */
export interface Products {
  /** a [m, k] times b [k, n], row-major, in the precision of the arrays. */
  multiply<T extends Float32Array | Float64Array>(a: T, b: T, m: number, k: number, n: number): Promise<T>;
  release(): Promise<void>;
}

export function createProducts(options: SessionOptions = {}): Products {
  const sessions = new Map<string, Promise<Session>>();
  return {
    async multiply<T extends Float32Array | Float64Array>(a: T, b: T, m: number, k: number, n: number): Promise<T> {
      const type = a instanceof Float64Array ? "float64" : "float32";
      const key = `${type} ${m} ${k} ${n}`;
      const opening = sessions.get(key) ?? open(type, [m, k, n], options);
      sessions.set(key, opening);
      const data = (type === "float64" ? new Float64Array(m * n) : new Float32Array(m * n)) as T;
      const feeds = { a: { data: a, shape: [m, k] }, b: { data: b, shape: [k, n] } };
      await (await opening).run(feeds, { product: { data, shape: [m, n] } });
      return data;
    },
    async release() {
      for (const session of sessions.values()) await (await session).release();
    },
  };
}

async function open(type: ElementType, [m, k, n]: [number, number, number], options: SessionOptions): Promise<Session> {
  const graph = createGraph();
  const [a, b] = [input(graph, "a", type, [m, k]), input(graph, "b", type, [k, n])];
  output(graph, "product", node(graph, "MatMul", [a, b], [m, n]));
  // The engine loads a 20 MB library, which methods that need no product do without.
  const { createSession } = await import("../engine/session.ts");
  return createSession(graph, options);
}
