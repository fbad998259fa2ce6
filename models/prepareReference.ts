import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { extname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { packageRoot } from "../evaluate/model/index.ts";
import { ensureWritableDir, writeFileAtomic } from "../evaluate/storage/files.ts";
import { UserError } from "../formats/error.ts";
import { type Bpe, SPECIAL_ID, trainBpe } from "./bpe.ts";
import { loadCorpus, TEXT_SOURCES, type TextDocument } from "./corpus.ts";
import { encodeFast } from "./encodeFast.ts";
import { splitDocuments } from "./split.ts";
import { tokenizerConfigJson, tokenizerJson } from "./tokenizerJson.ts";

export const REFERENCE_VOCAB_SIZE = 1024;

/** One validation document in this many is calibration text: about 100 kB, enough for 128 windows of 256 tokens. */
const CALIBRATION_PERIOD = 5;

/** What training the reference model starts from. */
export interface PreparedReference {
  /** Every training document with a BOS before it. */
  train: Uint16Array;
  /** BOS once, then the joined validation text; as an evaluation tokenizes a text file. */
  validation: Uint16Array;
  /** BOS once, then `heldoutText`: the same ids that an evaluation of heldout.txt sees. */
  heldout: Uint16Array;
  heldoutText: string;
  /** Part of the validation text, for methods that calibrate: neither trained on nor evaluated on. */
  calibrationText: string;
  tokenizerJson: string;
  tokenizerConfigJson: string;
  /** Ids in the vocabulary. */
  vocabSize: number;
  /** UTF-8 bytes of each part's text, from which bits per byte follow. */
  bytes: { train: number; validation: number; heldout: number };
}

const STREAMS = ["train", "validation", "heldout"] as const;
const TEXTS = {
  heldoutText: "heldout.txt",
  calibrationText: "calibration.txt",
  tokenizerJson: "tokenizer.json",
  tokenizerConfigJson: "tokenizer_config.json",
};

interface Meta {
  key: string;
  vocabSize: number;
  bytes: PreparedReference["bytes"];
  tokens: PreparedReference["bytes"];
  sha256: Record<string, string>;
}

/**
 * Fetches the text (first time only), trains the tokenizer and tokenizes, or reads all of it back from
 * `<cacheDir>/reference`, whose key is a hash of the pinned sources, the vocabulary size and these modules' own code.
 * @param options.cacheDir default `.cache` in the package's root
 * @param options.log progress lines; default none
 * @throws UserError when the text cannot be fetched or vocabSize is out of range
 */
export function prepareReference(
  options: { vocabSize?: number; cacheDir?: string; log?: (line: string) => void } = {},
): PreparedReference {
  const vocabSize = options.vocabSize ?? REFERENCE_VOCAB_SIZE;
  const cacheDir = options.cacheDir ?? join(packageRoot(), ".cache");
  const log = options.log ?? (() => {});
  const dir = join(cacheDir, "reference");
  const key = recipeKey(vocabSize);
  const cached = readCache(dir, key);
  if (cached !== undefined) return cached;
  const documents = loadCorpus(join(cacheDir, "corpus"));
  log(`${documents.length} documents`);
  const prepared = prepareDocuments(documents, vocabSize, log);
  writeCache(dir, key, prepared);
  return prepared;
}

/** The same from documents at hand: split, train the tokenizer on the training part only, tokenize. */
export function prepareDocuments(
  documents: readonly TextDocument[],
  vocabSize: number,
  log: (line: string) => void = () => {},
): PreparedReference {
  const split = splitDocuments(documents);
  for (const part of STREAMS) {
    if (split[part].length === 0) throw new UserError(`corpus: ${documents.length} documents leave ${part} empty`);
  }
  const start = performance.now();
  const bpe = trainBpe(
    split.train.map(({ text }) => text),
    vocabSize,
  );
  log(`tokenizer of ${bpe.tokens.length} ids trained in ${((performance.now() - start) / 1000).toFixed(1)} s`);
  const encode = encodeFast(bpe);
  const train = concatenate(split.train.flatMap(({ text }) => [Uint16Array.of(SPECIAL_ID), encode(text)]));
  const joined = (part: readonly TextDocument[]) => `${part.map(({ text }) => text).join("\n\n")}\n`;
  const heldoutText = joined(split.heldout);
  const validationText = joined(split.validation);
  const calibrationText = joined(split.validation.filter((_, i) => i % CALIBRATION_PERIOD === 0));
  const withBos = (text: string) => concatenate([Uint16Array.of(SPECIAL_ID), encode(text)]);
  return {
    train,
    validation: withBos(validationText),
    heldout: withBos(heldoutText),
    heldoutText,
    calibrationText,
    ...tokenizerFiles(bpe),
    vocabSize: bpe.tokens.length,
    bytes: {
      train: split.train.reduce((sum, { text }) => sum + Buffer.byteLength(text), 0),
      validation: Buffer.byteLength(validationText),
      heldout: Buffer.byteLength(heldoutText),
    },
  };
}

/** Writes what ships beside the weights: tokenizer.json, tokenizer_config.json, heldout.txt, calibration.txt. */
export function writeReferenceFiles(prepared: PreparedReference, dir: string): void {
  ensureWritableDir(dir);
  for (const [field, file] of textFiles()) writeFileAtomic(join(dir, file), prepared[field]);
}

function tokenizerFiles(bpe: Bpe): Pick<PreparedReference, "tokenizerJson" | "tokenizerConfigJson"> {
  return { tokenizerJson: tokenizerJson(bpe), tokenizerConfigJson: tokenizerConfigJson(bpe) };
}

function concatenate(parts: readonly Uint16Array[]): Uint16Array {
  const out = new Uint16Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

function textFiles(): [keyof typeof TEXTS, string][] {
  return Object.entries(TEXTS) as [keyof typeof TEXTS, string][];
}

function recipeKey(vocabSize: number): string {
  const hash = createHash("sha256").update(JSON.stringify({ vocabSize, sources: TEXT_SOURCES.map((s) => s.sha256) }));
  const extension = extname(fileURLToPath(import.meta.url));
  for (const module of [
    "text",
    "corpus",
    "split",
    "byteLevel",
    "bpe",
    "encodeFast",
    "tokenizerJson",
    "prepareReference",
  ]) {
    hash.update(readFileSync(new URL(`./${module}${extension}`, import.meta.url)));
  }
  return hash.digest("hex");
}

function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

function bytesOf(stream: Uint16Array): Uint8Array {
  return new Uint8Array(stream.buffer, stream.byteOffset, stream.byteLength);
}

/** Streams are little-endian 16-bit words, the byte order of every platform Node ships for but s390x. */
function writeCache(dir: string, key: string, prepared: PreparedReference): void {
  ensureWritableDir(dir);
  const hashes: Record<string, string> = {};
  const write = (file: string, bytes: Uint8Array) => {
    writeFileAtomic(join(dir, file), bytes);
    hashes[file] = sha256(bytes);
  };
  for (const part of STREAMS) write(`${part}.u16`, bytesOf(prepared[part]));
  for (const [field, file] of textFiles()) write(file, Buffer.from(prepared[field], "utf8"));
  const tokens = {
    train: prepared.train.length,
    validation: prepared.validation.length,
    heldout: prepared.heldout.length,
  };
  const meta: Meta = { key, vocabSize: prepared.vocabSize, bytes: prepared.bytes, tokens, sha256: hashes };
  // Last, so that an interrupted run leaves no key and is redone.
  writeFileAtomic(join(dir, "meta.json"), `${JSON.stringify(meta, null, 2)}\n`);
}

function readCache(dir: string, key: string): PreparedReference | undefined {
  try {
    const meta = JSON.parse(readFileSync(join(dir, "meta.json"), "utf8")) as Meta;
    if (meta.key !== key) return undefined;
    const read = (file: string): Uint8Array => {
      const bytes = readFileSync(join(dir, file));
      if (sha256(bytes) !== meta.sha256[file]) throw new UserError(`${join(dir, file)}: changed since it was written`);
      return bytes;
    };
    // Copied, since a file's buffer need not be aligned to 16 bits.
    const stream = (part: string) => new Uint16Array(Uint8Array.from(read(`${part}.u16`)).buffer);
    const text = (file: string) => new TextDecoder("utf-8", { ignoreBOM: true }).decode(read(file));
    return {
      train: stream("train"),
      validation: stream("validation"),
      heldout: stream("heldout"),
      heldoutText: text(TEXTS.heldoutText),
      calibrationText: text(TEXTS.calibrationText),
      tokenizerJson: text(TEXTS.tokenizerJson),
      tokenizerConfigJson: text(TEXTS.tokenizerConfigJson),
      vocabSize: meta.vocabSize,
      bytes: meta.bytes,
    };
  } catch {
    // Missing, stale or damaged: all of it can be made again.
    return undefined;
  }
}

function main(): void {
  const dir = join(packageRoot(), "models", "reference");
  const prepared = prepareReference({ log: (line) => process.stderr.write(`${line}\n`) });
  writeReferenceFiles(prepared, dir);
  for (const part of STREAMS) {
    const tokens = prepared[part].length;
    const bytes = prepared.bytes[part];
    process.stdout.write(`${part}: ${bytes} bytes, ${tokens} tokens, ${(bytes / tokens).toFixed(3)} bytes per token\n`);
  }
  process.stdout.write(`tokenizer of ${prepared.vocabSize} ids and heldout.txt written to ${dir}\n`);
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  try {
    main();
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 1;
  }
}
