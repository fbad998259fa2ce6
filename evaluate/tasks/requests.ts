import { UserError } from "../../formats/error.ts";
import type { Request, TaskData, TaskInputs } from "./task.ts";
import { subsetSuffix } from "./windows.ts";

/** A request, and whether tokens were cut from the left of its context to fit the model. */
export interface PreparedRequest {
  request: Request;
  cut: boolean;
}

/** The space between a context and its continuation: one, unless either side brings white space. */
export function spaced(context: string, continuation: string): string {
  return /\s$/.test(context) || /^\s/.test(continuation) ? continuation : ` ${continuation}`;
}

/**
 * Tokenizes as lm-evaluation-harness does (TemplateLM._encode_pair): white space at the end of the context goes to the
 * continuation, and the continuation's tokens are those of both texts together past the length of the context's own.
 * Of a sequence too long the last `context` + 1 tokens are kept; the last is only a label.
 * Throws UserError naming `where`: the continuation has no tokens, does not fit, or has nothing in front of it.
 */
export function encodeRequest(
  { encode, context: positions }: Pick<TaskInputs, "encode" | "context">,
  context: string,
  continuation: string,
  where: string,
): PreparedRequest {
  const stripped = context.trimEnd();
  const head = Int32Array.from(encode(stripped));
  const tail = Int32Array.from(encode(context + continuation)).slice(head.length);
  if (tail.length === 0) throw new UserError(`${where}: the continuation has no tokens of its own`);
  if (tail.length > positions)
    throw new UserError(`${where}: the continuation has ${tail.length} tokens, the model reads ${positions}`);
  if (head.length === 0) throw new UserError(`${where}: nothing stands in front of the continuation`);
  const room = positions + 1 - tail.length;
  return { request: { context: head.slice(-room), continuation: tail }, cut: head.length > room };
}

/** `lambada-openai-512`, or `lambada-openai-512-subset200` where only 200 examples, evenly spaced, were scored. */
export function requestsProtocol(name: string, positions: number, count: number, available: number): string {
  return `${name}-${positions}${subsetSuffix(count, available)}`;
}

/** Warns where contexts were cut, since the score then also depends on the model's length. */
export function cutWarnings(requests: readonly PreparedRequest[], positions: number): string[] {
  const cut = requests.filter((each) => each.cut).length;
  return cut === 0 ? [] : [`${cut} of ${requests.length} contexts were cut from the left to ${positions} tokens`];
}

/** Positions of the requests, and of the longest. The last token is only a label. */
export function lengthsOf(requests: readonly Request[]): Required<Pick<TaskData, "longest" | "lengths">> {
  const lengths = requests.map((each) => each.context.length + each.continuation.length - 1);
  return { longest: lengths.reduce((most, length) => Math.max(most, length), 0), lengths };
}
