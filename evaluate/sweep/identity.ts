import type { Row } from "../trial/row.ts";
import { canonicalJson, contentHash, RESULT_VERSION, type TrialFacts } from "./key.ts";
import type { PlannedTrial } from "./run.ts";

/** The parts of a trial's key that its spec does not show; each row keeps them, so that a changed key can be explained. */
export interface TrialIdentity extends Omit<TrialFacts, "running"> {
  resultVersion: number;
  /** Of what the format id stands for, and the settings of activations and cache; null for full precision. */
  formatSha256: string | null;
  runningSha256: string | null;
}

export function identityOf({ running = null, ...facts }: TrialFacts, formatContent: unknown): TrialIdentity {
  const hashOf = (content: unknown) => (content === null ? null : contentHash(content));
  return {
    resultVersion: RESULT_VERSION,
    ...facts,
    formatSha256: hashOf(formatContent),
    runningSha256: hashOf(running),
  };
}

const PARTS: Readonly<Record<keyof TrialIdentity, string>> = {
  resultVersion: "version of the results",
  modelSha256: "model's weights",
  configSha256: "model's configuration",
  tokenizerSha256: "tokenizer",
  textSha256: "text",
  device: "device",
  formatSha256: "values of the format",
  runningSha256: "formats of activations or cache",
};

/** What changed between a row and the same trial now, e.g. `the model's weights (ab12… then, cd34… now)`. */
export function changedParts(row: Row, { spec, identity: now }: Pick<PlannedTrial, "spec" | "identity">): string[] {
  const then = row.config.identity as Partial<TrialIdentity> | undefined;
  if (typeof then !== "object" || then === null) return ["the program (the row does not say what it was made from)"];
  const shown = (value: unknown) => (typeof value === "string" ? `${value.slice(0, 12)}…` : String(value));
  const parts = (Object.keys(PARTS) as (keyof TrialIdentity)[])
    .filter((part) => then[part] !== now[part])
    .map((part) => `the ${PARTS[part]} (${shown(then[part])} then, ${shown(now[part])} now)`);
  const options = canonicalJson(row.config.methodOptions ?? null) !== canonicalJson(spec.methodOptions);
  return options ? [...parts, "the calibration text"] : parts;
}

/**
 * What a reader of a resumed sweep should know of the rows that are there: those of the same trials that no longer count,
 * because a file or the program has changed, and those that count and were made by other versions of the engine.
 */
export function changesSince(
  plan: readonly PlannedTrial[],
  rows: ReadonlyMap<string, Row>,
  versions: Readonly<Record<string, string>>,
): string[] {
  const lines = new Map<string, number>();
  const note = (line: string) => lines.set(line, (lines.get(line) ?? 0) + 1);
  const keys = new Set(plan.map(({ key }) => key));
  const bySpec = new Map([...rows.values()].map((row) => [specText(row.config), row]));
  for (const trial of plan) {
    const { key, spec } = trial;
    const counted = rows.get(key);
    if (counted) {
      const others = Object.keys(versions).filter((name) => counted.versions[name] !== versions[name]);
      for (const name of others)
        note(`made with ${name} ${counted.versions[name] ?? "unknown"}, now ${versions[name]}: they are kept`);
      continue;
    }
    const stale = bySpec.get(specText({ ...spec }));
    const parts = stale && !keys.has(stale.key) ? changedParts(stale, trial) : [];
    if (parts.length > 0)
      note(`made before ${parts.join(" and ")} changed: they stay in the journal, their trials run again`);
  }
  return [...lines].map(([line, count]) => `${count} ${count === 1 ? "row was" : "rows were"} ${line}`);
}

/** A spec as text; of a row's config, the fields that a spec has. */
function specText(config: Readonly<Record<string, unknown>>): string {
  const { identity: _, calibration: __, methodOptions: ___, ...spec } = config;
  return canonicalJson(spec);
}
