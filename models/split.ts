import type { TextDocument } from "./corpus.ts";

/** One document in this many goes to the held-out part, another to the validation part. */
export const SPLIT_PERIOD = 20;
const HELDOUT_OFFSET = 9;
const VALIDATION_OFFSET = 19;

/** Held-out text is for the published perplexity only; validation text is for watching and stopping the training. */
export interface CorpusSplit {
  train: TextDocument[];
  validation: TextDocument[];
  heldout: TextDocument[];
}

/**
 * Splits documents by their position within their source (speech or chapter number modulo 20), so that no document is
 * in two parts and adding a source moves none of the others.
 */
export function splitDocuments(documents: readonly TextDocument[]): CorpusSplit {
  const split: CorpusSplit = { train: [], validation: [], heldout: [] };
  const seen = new Map<string, number>();
  for (const document of documents) {
    const position = seen.get(document.source) ?? 0;
    seen.set(document.source, position + 1);
    const phase = position % SPLIT_PERIOD;
    const part = phase === HELDOUT_OFFSET ? "heldout" : phase === VALIDATION_OFFSET ? "validation" : "train";
    split[part].push(document);
  }
  return split;
}
