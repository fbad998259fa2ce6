import { UserError } from "../../formats/error.ts";
import { COMMIT } from "./hubCache.ts";

/** One file of a model on the Hub, as the Hub describes it. */
export interface HubFile {
  readonly name: string;
  readonly bytes: number;
  /** What identifies the content, and names the blob in the cache: SHA-256 for LFS files, git's blob SHA-1 for others. */
  readonly hash: string;
  readonly hashKind: "sha256" | "git-sha1";
}

/** `main` of a model at one moment. */
export interface HubModel {
  readonly commit: string;
  readonly files: ReadonlyMap<string, HubFile>;
}

/** An error of the connection or of the server that may pass: worth another try. */
export class TransientError extends Error {}

const DEFAULT_ENDPOINT = "https://huggingface.co";
/** The Hub redirects a download once or twice (renamed model, then content delivery network). */
const MAX_REDIRECTS = 5;
const REDIRECTS: readonly number[] = [301, 302, 303, 307, 308];
/** A model of 1000 shards and as many other files has some 500 kB of description. */
const MAX_LISTING_BYTES = 16 * 1024 * 1024;
/** 1 PiB: beyond any model, and exact in a double. */
const MAX_FILE_BYTES = 2 ** 50;

/** Where the Hub is: HF_ENDPOINT, as in huggingface_hub. @throws UserError when that is no http(s) address */
export function hubEndpoint(): string {
  const endpoint = (process.env.HF_ENDPOINT || DEFAULT_ENDPOINT).replace(/\/+$/, "");
  if (!/^https?:$/.test(URL.canParse(endpoint) ? new URL(endpoint).protocol : "")) {
    throw new UserError("HF_ENDPOINT must be an http or https address");
  }
  return endpoint;
}

/** HF_TOKEN. @throws UserError, which does not repeat it, when it cannot be sent */
function token(): string | null {
  const value = (process.env.HF_TOKEN ?? "").trim();
  if (value === "") return null;
  if (!/^[\x21-\x7e]+$/.test(value)) throw new UserError("HF_TOKEN holds characters that no token has");
  return value;
}

/**
 * Lists the files of a model's `main`, with sizes and hashes (the Hub's API, /api/models/ID/revision/main?blobs=true).
 * @throws UserError when the Hub refuses or answers nonsense, TransientError when trying again may help
 */
export async function describeModel(id: string, signal: AbortSignal): Promise<HubModel> {
  const url = `${hubEndpoint()}/api/models/${id}/revision/main?blobs=true`;
  const response = await hubFetch(id, url, {}, signal);
  const text = await readLimited(response, url);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new UserError(`${hostOf(url)} describes model ${id} in no valid JSON; is HF_ENDPOINT a Hub?`);
  }
  const { sha, siblings } = Object(value) as { sha?: unknown; siblings?: unknown };
  if (typeof sha !== "string" || !COMMIT.test(sha) || !Array.isArray(siblings)) {
    throw new UserError(`${hostOf(url)} gives no commit and no files for model ${id}; is HF_ENDPOINT a Hub?`);
  }
  const files = new Map<string, HubFile>();
  for (const each of siblings) {
    const file = fileOf(each);
    if (file !== null) files.set(file.name, file);
  }
  return { commit: sha, files };
}

/** A file whose name, size and hash are all well-formed; others cannot be asked for. */
function fileOf(value: unknown): HubFile | null {
  const { rfilename: name, size, blobId, lfs } = Object(value) as Record<string, unknown>;
  const { sha256 } = Object(lfs) as Record<string, unknown>;
  if (typeof name !== "string" || !isCount(size)) return null;
  if (typeof sha256 === "string" && /^[0-9a-f]{64}$/.test(sha256)) {
    return { name, bytes: size, hash: sha256, hashKind: "sha256" };
  }
  const plain = lfs === undefined || lfs === null;
  if (!plain || typeof blobId !== "string" || !COMMIT.test(blobId)) return null;
  return { name, bytes: size, hash: blobId, hashKind: "git-sha1" };
}

function isCount(value: unknown): value is number {
  return Number.isInteger(value) && Number(value) >= 0 && Number(value) <= MAX_FILE_BYTES;
}

/**
 * GETs from the Hub, following redirects itself: the token goes to the Hub's own host only, and no redirect leads from
 * https to http.
 * @returns a response of status 200 or 206
 * @throws UserError when the Hub refuses, TransientError when trying again may help
 */
export async function hubFetch(
  id: string,
  url: string,
  headers: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<Response> {
  const home = new URL(hubEndpoint()).origin;
  const secret = token();
  let target = new URL(url);
  for (let hop = 0; hop <= MAX_REDIRECTS; hop++) {
    const authorization = secret !== null && target.origin === home ? { authorization: `Bearer ${secret}` } : {};
    let response: Response;
    try {
      // Compression would make lengths and ranges those of the compressed stream.
      const all = { "user-agent": "bitfrontier", "accept-encoding": "identity", ...headers, ...authorization };
      response = await fetch(target, { headers: all, redirect: "manual", signal });
    } catch (error) {
      throw new TransientError(`cannot reach ${target.host}: ${causeOf(error)}`);
    }
    if (!REDIRECTS.includes(response.status)) return accept(response, id, target, secret !== null);
    await response.body?.cancel();
    const location = response.headers.get("location") ?? "";
    if (!URL.canParse(location, target.href)) throw new UserError(`${target.host} redirects model ${id} to nowhere`);
    const next = new URL(location, target);
    if (next.protocol !== "https:" && next.protocol !== target.protocol) {
      throw new UserError(`${target.host} redirects model ${id} to an unsafe address (${next.protocol}//${next.host})`);
    }
    target = next;
  }
  throw new UserError(`${new URL(url).host} redirects model ${id} more than ${MAX_REDIRECTS} times`);
}

async function accept(response: Response, id: string, target: URL, authorized: boolean): Promise<Response> {
  const { status } = response;
  if (status === 200 || status === 206) return response;
  await response.body?.cancel();
  const { host } = target;
  if (status === 404) throw new UserError(`model ${id}: ${host} has no such model or file (404)`);
  if (status === 401 || status === 403) {
    const hint = authorized
      ? `accept its terms at ${hubEndpoint()}/${id}, or use the token of an account that may read it`
      : "if it is private or gated, set HF_TOKEN";
    throw new UserError(`model ${id}: ${host} has no such model, or does not let you read it (${status}); ${hint}`);
  }
  const message = `model ${id}: ${host} answers with status ${status}`;
  throw status === 429 || status === 416 || status >= 500 ? new TransientError(message) : new UserError(message);
}

async function readLimited(response: Response, url: string): Promise<string> {
  const parts: Uint8Array[] = [];
  let bytes = 0;
  try {
    for await (const part of response.body ?? []) {
      bytes += part.byteLength;
      if (bytes > MAX_LISTING_BYTES)
        throw new UserError(`${hostOf(url)} sends more than ${MAX_LISTING_BYTES} bytes of description`);
      parts.push(part);
    }
  } catch (error) {
    throw error instanceof UserError ? error : new TransientError(`${hostOf(url)}: ${causeOf(error)}`);
  }
  return Buffer.concat(parts).toString("utf8");
}

function hostOf(url: string): string {
  return new URL(url).host;
}

/** fetch() says "fetch failed" and keeps the reason in `cause`. */
export function causeOf(error: unknown): string {
  const { cause, message, code } = Object(error) as { cause?: unknown; message?: string; code?: string };
  if (cause !== undefined) return causeOf(cause);
  return (message || code || String(error)).split("\n")[0]!;
}
