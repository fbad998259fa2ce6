import { UserError } from "../../formats/error.ts";

/** Independent evaluation windows, row-major `count × context` token ids. */
export interface Windows {
  windows: Int32Array;
  count: number;
  context: number;
  /** Whole windows the text holds; `count` is less when a limit was set. */
  available: number;
  /** Tokens of the tail that fill no window. */
  dropped: number;
}

/** Longest window we cut. No released model reads more than 10 M tokens; a larger number is a typing error. */
export const CONTEXT_MAX = 1 << 24;

/**
 * The protocol id of `cutWindows`: `windows-256`, or `windows-256-subset8` where only 8 windows, evenly spaced, were scored.
 * Rows of different ids are never compared.
 */
export function windowsProtocol(context: number, subset: number | null = null): string {
  return subset === null ? `windows-${context}` : `windows-${context}-subset${subset}`;
}

/** The end of any protocol id: nothing, or `-subset8` where only 8 of what is there, evenly spaced, were scored. */
export function subsetSuffix(count: number, available: number): string {
  return count < available ? `-subset${count}` : "";
}

/**
 * Cuts tokens into non-overlapping windows and drops the tail: each window is scored on its own with no token put in
 * front, so a tokenizer's BOS stands only where `ids` has it, at the very start. This is the cutting of the GPTQ code
 * (datautils/opt_eval, Frantar et al. 2022), without which published perplexities cannot be compared.
 *
 * `limit` keeps only so many windows, evenly spaced so that they sample all of the text (the caller records it). `source` names the text in errors.
 * Throws UserError for a text shorter than one window, a context below 2 tokens or a limit below 1.
 */
export function cutWindows(
  ids: ArrayLike<number>,
  context: number,
  { source = "the text", limit = null }: { source?: string; limit?: number | null } = {},
): Windows {
  if (!Number.isInteger(context) || context < 2 || context > CONTEXT_MAX)
    throw new UserError(`context: a window needs 2 to ${CONTEXT_MAX} tokens, got ${context}`);
  if (limit !== null && (!Number.isInteger(limit) || limit < 1))
    throw new UserError(`limit of windows: expected a whole number from 1, got ${limit}`);
  const available = Math.floor(ids.length / context);
  if (available === 0)
    throw new UserError(`${source}: ${ids.length} tokens are less than one window of ${context}; lower --context`);
  const count = limit === null ? available : Math.min(limit, available);
  const windows = new Int32Array(count * context);
  for (let i = 0; i < windows.length; i++) {
    const window = Math.floor((Math.floor(i / context) * available) / count);
    const id = ids[window * context + (i % context)]!;
    if (!Number.isInteger(id) || id < 0 || id > 0x7fffffff)
      throw new UserError(`${source}: token ${window * context + (i % context)} has id ${id}, not a vocabulary index`);
    windows[i] = id;
  }
  return { windows, count, context, available, dropped: ids.length - available * context };
}
