import { identityOf } from "./identity.ts";
import { type TrialFacts, type TrialSpec, trialKey } from "./key.ts";
import { baselineOf, isBaseline } from "./plan.ts";
import type { PlannedTrial } from "./run.ts";

/**
 * Gives each trial its key and that of its baseline. Trials of one key (one text under two names) are one trial; the
 * first stays. `facts` are the hashes of the files behind a trial, `content` is what a format id stands for (null for "fp32").
 */
export function keyTrials(
  specs: readonly TrialSpec[],
  facts: (spec: TrialSpec) => TrialFacts,
  content: (format: string) => unknown,
): PlannedTrial[] {
  const keyOf = (spec: TrialSpec) => trialKey(spec, facts(spec), content(spec.format));
  const baselines = specs.filter(isBaseline);
  const plan = new Map<string, PlannedTrial>();
  for (const spec of specs) {
    const key = keyOf(spec);
    if (plan.has(key)) continue;
    const baseline = baselineOf(spec, baselines);
    const identity = identityOf(facts(spec), content(spec.format));
    plan.set(key, { key, spec, identity, baseline: baseline === null ? null : keyOf(baseline) });
  }
  return [...plan.values()];
}
