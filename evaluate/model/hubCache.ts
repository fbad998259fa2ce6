import { homedir } from "node:os";
import { join } from "node:path";
import { pathIs } from "../storage/files.ts";
import { readTextFile } from "./readAt.ts";

// huggingface_hub, validate_repo_id: letters, digits, "-", "_", "."; no "--", no ".."; no "-" or "." at an end; 96 in all.
const HUB_NAME = /^[A-Za-z0-9_](?:[A-Za-z0-9_.-]*[A-Za-z0-9_])?$/;
const MAX_HUB_ID_LENGTH = 96;
const MAX_REF_BYTES = 1024;

export const COMMIT = /^[0-9a-f]{40}$/;

export function isHubId(spec: string): boolean {
  const parts = spec.split("/");
  const wellFormed = parts.length <= 2 && parts.every((part) => HUB_NAME.test(part));
  return wellFormed && spec.length <= MAX_HUB_ID_LENGTH && !spec.includes("--") && !spec.includes("..");
}

/** The folder of a model in the Hub cache: blobs/, refs/ and snapshots/COMMIT/ lie in it. */
export function cacheFolder(id: string): string {
  return join(hubCache(), `models--${id.replace("/", "--")}`);
}

/** What the cache has of `main`: the folder of its snapshot, or in words what is missing. */
export type Cached = { readonly directory: string } | { readonly missing: string };

/** Looks a model up by refs/main, as huggingface_hub does. */
export function cachedSnapshot(id: string): Cached {
  const repository = cacheFolder(id);
  const ref = join(repository, "refs", "main");
  if (!pathIs("file", ref)) return { missing: `not in the Hub cache at ${repository}` };
  const commit = readTextFile(ref, MAX_REF_BYTES).trim();
  const directory = join(repository, "snapshots", commit);
  if (COMMIT.test(commit) && pathIs("directory", directory)) return { directory };
  return { missing: `the Hub cache is incomplete, ${ref} names no snapshot` };
}

/** The cache folder by the rules of huggingface_hub (constants.py). */
function hubCache(): string {
  const { HF_HUB_CACHE, HUGGINGFACE_HUB_CACHE, HF_HOME, XDG_CACHE_HOME } = process.env;
  const direct = HF_HUB_CACHE || HUGGINGFACE_HUB_CACHE;
  if (direct) return expandHome(direct);
  const home = HF_HOME || join(XDG_CACHE_HOME || join(homedir(), ".cache"), "huggingface");
  return join(expandHome(home), "hub");
}

function expandHome(path: string): string {
  return path === "~" || path.startsWith("~/") ? join(homedir(), path.slice(1)) : path;
}
