import type { Spec } from "vega";
import type { TopLevelSpec } from "vega-lite";

/** A report needs the same chart drawn, and as a spec for its page's runtime. */
const compiled = new WeakMap<TopLevelSpec, Promise<Spec>>();

/**
 * A vega-lite spec as the vega spec it means, made once for each spec object. Vega is loaded at the first call (0.5 s).
 * @throws Error where the chart `id` would be drawn otherwise than its spec says.
 */
export function compileSpec(spec: TopLevelSpec, id: string): Promise<Spec> {
  const found = compiled.get(spec) ?? compile(spec, id);
  compiled.set(spec, found);
  return found;
}

async function compile(spec: TopLevelSpec, id: string): Promise<Spec> {
  const vegaLite = await import("vega-lite");
  const warnings: string[] = [];
  const complain = (...words: unknown[]) => {
    warnings.push(words.join(" "));
    return logger;
  };
  const logger = { level: () => logger, error: complain, warn: complain, info: () => logger, debug: () => logger };
  const result = vegaLite.compile(spec, { logger: logger as never }).spec;
  if (warnings.length > 0) throw new Error(`internal: chart ${id}: ${warnings.join("; ")}`);
  return result;
}
