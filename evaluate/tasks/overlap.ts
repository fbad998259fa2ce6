import type { DataFile } from "./dataFile.ts";

/** Words of a run: shorter ones are common to texts that have nothing to do with each other (Brown et al. 2020, appendix C). */
export const RUN_WORDS = 13;
/** Runs of a text that are looked for in another: their share is then known to 1 or 2 %. */
const SAMPLED = 4096;

/** A sample of the runs of 13 words of a text: hashes, all of them where it has no more than 4096. */
export type RunSample = ReadonlySet<number>;

/** The runs with the smallest hashes: a sample that does not depend on where in the text they are. */
export function sampleRuns(text: string): RunSample {
  let sample = new Set<number>();
  let bound = Number.POSITIVE_INFINITY;
  for (const run of runsOf([text])) {
    if (run >= bound) continue;
    sample.add(run);
    if (sample.size < 2 * SAMPLED) continue;
    sample = new Set(Uint32Array.from(sample).sort().subarray(0, SAMPLED));
    bound = Math.max(...sample);
  }
  return new Set(Uint32Array.from(sample).sort().subarray(0, SAMPLED));
}

/** The share, 0 to 1, of sampled runs that a data file also has, in whatever field; 0 of no runs. */
export function sharedRuns(sample: RunSample, data: DataFile): number {
  const found = new Set<number>();
  for (const run of runsOf(stringsOf(data))) if (sample.has(run)) found.add(run);
  return sample.size === 0 ? 0 : found.size / sample.size;
}

function* stringsOf(data: DataFile): Generator<string> {
  if (data.kind !== "rows") {
    // The quotes and escapes of JSON lines are no letters, and separate words as spaces do.
    yield data.kind === "lines" ? data.text.replaceAll(/\\[ntr"]/g, " ") : data.text;
    return;
  }
  for (const row of data.rows) for (const value of Object.values(row)) if (typeof value === "string") yield value;
}

const BASE = 0x01000193;
/** BASE to the power of the words of a run, in 32 bits. */
const DROPPED = Array.from({ length: RUN_WORDS }).reduce<number>((power) => Math.imul(power, BASE), 1);

/** Hashes of all runs of words, letters and digits in lower case; whatever else stands between words does not count. */
function* runsOf(texts: Iterable<string>): Generator<number> {
  for (const text of texts) {
    const recent = new Uint32Array(RUN_WORDS);
    let [words, hash] = [0, 0];
    for (const [word] of text.matchAll(/[\p{L}\p{N}]+/gu)) {
      const own = wordHash(word);
      const at = words++ % RUN_WORDS;
      hash = (Math.imul(hash, BASE) + own - Math.imul(recent[at]!, DROPPED)) | 0;
      recent[at] = own;
      // The sum's low bits hang on the last words alone: mixed, so that the smallest hashes are those of any runs.
      if (words >= RUN_WORDS) yield mixed(hash);
    }
  }
}

/** FNV-1a over UTF-16 units. */
function wordHash(word: string): number {
  const lower = word.toLowerCase();
  let hash = 0x811c9dc5;
  for (let i = 0; i < lower.length; i++) hash = Math.imul(hash ^ lower.charCodeAt(i), 0x01000193);
  return hash >>> 0;
}

/** The finalizer of MurmurHash3. */
function mixed(hash: number): number {
  let h = hash;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}
