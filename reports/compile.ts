import type { Spec } from "vega";
import type { TopLevelSpec } from "vega-lite";

/**
 * A vega-lite spec as the vega spec it means. Vega is loaded at the first call (0.5 s).
 * @throws Error where the chart `id` would be drawn otherwise than its spec says.
 */
export async function compileSpec(spec: TopLevelSpec, id: string): Promise<Spec> {
  const vegaLite = await import("vega-lite");
  const warnings: string[] = [];
  const complain = (...words: unknown[]) => {
    warnings.push(words.join(" "));
    return logger;
  };
  const logger = { level: () => logger, error: complain, warn: complain, info: () => logger, debug: () => logger };
  const compiled = vegaLite.compile(spec, { logger: logger as never }).spec;
  if (warnings.length > 0) throw new Error(`internal: chart ${id}: ${warnings.join("; ")}`);
  return compiled;
}
