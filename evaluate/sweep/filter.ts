import { UserError } from "../../formats/error.ts";
import { didYouMean } from "./didYouMean.ts";
import { BASELINE, type TrialSpec } from "./key.ts";
import { headOf } from "./scope.ts";

/** What a filter can look at. */
export const FILTER_FIELDS = ["model", "format", "method", "activation", "kv", "head", "task", "seed"] as const;
export type FilterField = (typeof FILTER_FIELDS)[number];

/** Trials whose fields match all of these patterns, in which `*` stands for any characters and `?` for one. */
export type Filter = { [K in FilterField]?: string };

/** Whether a trial is one of the filter's. Activations and cache at full precision are called fp32, as in the config. */
export function matches(filter: Filter, spec: TrialSpec): boolean {
  return FILTER_FIELDS.every((field) => {
    const pattern = filter[field];
    const value = field === "head" ? headOf(spec.scope) : (spec[field] ?? BASELINE);
    return pattern === undefined || like(pattern, String(value));
  });
}

/** Reads `format=int4@* method=*gptq*`. Throws UserError naming what is no field. */
export function parseFilter(text: string): Filter {
  const filter: Filter = {};
  for (const part of text.trim().split(/\s+/)) {
    const [, name = "", pattern = ""] = /^(\w+)=(.+)$/.exec(part) ?? [];
    const field = FILTER_FIELDS.find((known) => known === name);
    if (!field) {
      const hint = didYouMean(name, FILTER_FIELDS);
      throw new UserError(
        `filter "${text}": "${part}"; expected FIELD=PATTERN with one of ${FILTER_FIELDS.join(", ")}${hint}`,
      );
    }
    filter[field] = pattern;
  }
  return filter;
}

function like(pattern: string, text: string): boolean {
  const source = pattern
    .replaceAll(/[.+^${}()|[\]\\]/g, "\\$&")
    .replaceAll("*", ".*")
    .replaceAll("?", ".");
  return new RegExp(`^${source}$`, "su").test(text);
}
