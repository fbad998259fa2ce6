import { UserError } from "../../formats/error.ts";
import { lengthsOf } from "./requests.ts";
import { ratioBits, ratioPerplexity } from "./statistics.ts";
import type { Request, ScoredModel, Task, TaskData, TaskInputs, TaskMetrics, TaskSpec } from "./task.ts";
import { wikitextArticles } from "./wikitext.ts";
import { subsetSuffix } from "./windows.ts";

/**
 * lm-evaluation-harness's `wikitext` (version 2, read in 0.4.13): each article is detokenized and scored whole, in windows
 * that follow one another, the first behind the prefix token (BOS, else EOS), each later one behind one token of the one
 * before (the last, shorter one behind as many as fit). Word perplexity divides by the words of the article *before* it
 * was detokenized, byte perplexity and bits per byte by its bytes: they do not depend on the tokenizer, so they compare
 * models of several families. σ by the delta method for a ratio of sums over articles.
 */
export const wordPerplexity: Task = {
  id: "wordperplexity",
  usage: "wordperplexity:FILE",
  summary:
    "lm-eval's wikitext: perplexity a word, a byte, and bits a byte, over whole articles (WikiText's .txt; .jsonl or .parquet with a field page)",

  prepare({ source }: TaskSpec, inputs: TaskInputs): TaskData {
    const { data, encode, prefix, context, limitWindows: limit } = inputs;
    if (prefix === null)
      throw new UserError(`${source}: the tokenizer has neither BOS nor EOS to put before an article`);
    const all = wikitextArticles(data, source);
    const count = Math.min(limit ?? all.length, all.length);
    const articles = Array.from({ length: count }, (_, i) => all[Math.floor((i * all.length) / count)]!);
    const requests = articles.map((article) => rollingRequests(encode(detokenized(article)), prefix, context));
    if (requests.every((each) => each.length === 0)) throw new UserError(`${source}: no text`);
    const tokens = requests.map((own) => own.reduce((sum, { continuation }) => sum + continuation.length, 0));
    const words = articles.map((article) => article.split(PYTHON_SPACES).length);
    const bytes = articles.map((article) => Buffer.byteLength(article));
    return {
      task: `wordperplexity:${source}`,
      source,
      protocol: `lmeval-wikitext-2-${context}${subsetSuffix(count, all.length)}`,
      count,
      ...lengthsOf(requests.flat()),
      warnings: [],
      async measure(model: ScoredModel): Promise<TaskMetrics> {
        const scores = await model.continuations(requests.flat());
        let at = 0;
        const losses = requests.map((own) => {
          const mine = scores.slice(at, at + own.length);
          at += own.length;
          return -mine.reduce((sum, { logProbs }) => sum + logProbs.reduce((s, value) => s + value, 0), 0);
        });
        const word = ratioPerplexity(losses, words);
        const scored = losses.flatMap((loss, i) => (tokens[i]! > 0 ? [loss / tokens[i]!] : []));
        return {
          perplexity: word.value,
          perplexitySigma: word.sigma,
          windowLoss: word.value === null ? [] : scored,
          windows: count,
          tokens: tokens.reduce((sum, n) => sum + n, 0),
          ...(word.reason === undefined ? {} : { reason: word.reason }),
          metrics: {
            byte_perplexity: ratioPerplexity(losses, bytes),
            bits_per_byte: ratioBits(losses, bytes),
          },
        };
      },
    };
  },
};

/**
 * lm-eval's get_rolling_token_windows and make_disjoint_window with one token of context: every token is predicted once,
 * of at most `context` + 1 tokens the last is only a label.
 */
export function rollingRequests(ids: ArrayLike<number>, prefix: number, context: number): Request[] {
  const all = Int32Array.from([prefix, ...Array.from(ids)]);
  const requests: Request[] = [];
  for (let from = 1; from < all.length; from += context) {
    const to = Math.min(from + context, all.length);
    const start = from === 1 ? 0 : to - context - 1;
    requests.push({ context: all.slice(start, from), continuation: all.slice(from, to) });
  }
  return requests;
}

/** Python's `\s`: unlike JavaScript's no byte order mark. (Its four control characters beside these are in no text.) */
const PYTHON_SPACES = /\p{White_Space}+/u;

/** Applied one after the other, as lm-eval's wikitext_detokenizer does, slips included, since they are in its scores. */
const DETOKENIZE: readonly (readonly [from: string | RegExp, to: string])[] = [
  ["s '", "s'"],
  [/\/' [0-9]\//g, "/'[0-9]/"],
  [" @-@ ", "-"],
  [" @,@ ", ","],
  [" @.@ ", "."],
  [" : ", ": "],
  [" ; ", "; "],
  [" . ", ". "],
  [" ! ", "! "],
  [" ? ", "? "],
  [" , ", ", "],
  [/\(\s*([^)]*?)\s*\)/g, "($1)"],
  [/\[\s*([^\]]*?)\s*\]/g, "[$1]"],
  [/\{\s*([^}]*?)\s*\}/g, "{$1}"],
  [/"\s*([^"]*?)\s*"/g, '"$1"'],
  [/'\s*([^']*?)\s*'/g, "'$1'"],
  ["= = = =", "===="],
  ["= = =", "==="],
  ["= =", "=="],
  [" ° ", "°"],
  [" \n", "\n"],
  ["\n ", "\n"],
  [" N ", " 1 "],
  [" 's", "'s"],
];

/** WikiText's tokenized text as it was written. */
export function detokenized(article: string): string {
  return DETOKENIZE.reduce((text, [from, to]) => text.replaceAll(from, to), article);
}
