import { createHash } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

export interface FakeFile {
  content: string | Uint8Array;
  /** Stored with Git LFS: the listing has a SHA-256, the download is a redirect. */
  lfs?: boolean;
  /** What the listing says in place of the truth. */
  listed?: { size?: unknown; blobId?: unknown; sha256?: unknown };
  /** Ends the connection after so many bytes of each answer. */
  cutAfter?: number;
  /** Ignores Range. */
  noRange?: boolean;
}

export interface FakeHub {
  readonly endpoint: string;
  /** Method, path, range and authorization of every request. */
  readonly requests: { path: string; range: string | undefined; authorization: string | undefined }[];
  files: Map<string, FakeFile>;
  /** Takes a request over when it returns true. */
  intercept: ((request: IncomingMessage, response: ServerResponse) => boolean) | null;
  close(): Promise<void>;
}

export const COMMIT = "0123456789abcdef0123456789abcdef01234567";

export function sha256(content: string | Uint8Array): string {
  return createHash("sha256").update(content).digest("hex");
}

/** The name git gives a file's content. */
export function gitSha1(content: string | Uint8Array): string {
  return createHash("sha1")
    .update(`blob ${Buffer.byteLength(content)}\0`)
    .update(content)
    .digest("hex");
}

/** A Hub on the loopback interface with one model, org/model. */
export async function startFakeHub(files: Readonly<Record<string, FakeFile>>): Promise<FakeHub> {
  const hub = { files: new Map(Object.entries(files)), intercept: null as FakeHub["intercept"] };
  const requests: FakeHub["requests"] = [];
  const server = createServer((request, response) => {
    const path = request.url ?? "";
    requests.push({ path, range: request.headers.range, authorization: request.headers.authorization });
    if (hub.intercept?.(request, response)) return;
    if (path === "/api/models/org/model/revision/main?blobs=true") {
      response.setHeader("content-type", "application/json");
      response.end(JSON.stringify({ sha: COMMIT, siblings: [...hub.files].map(describeFile) }));
      return;
    }
    const match = /^\/(?:cdn|org\/model\/resolve\/[0-9a-f]{40})\/([^/]+)$/.exec(path);
    const file = match === null ? undefined : hub.files.get(decodeURIComponent(match[1]!));
    if (file === undefined) response.writeHead(404).end();
    else if (file.lfs && !path.startsWith("/cdn/")) response.writeHead(302, { location: `/cdn/${match![1]}` }).end();
    else send(file, request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return Object.assign(hub, {
    endpoint: `http://127.0.0.1:${port}`,
    requests,
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  });
}

function describeFile([rfilename, { content, lfs, listed = {} }]: [string, FakeFile]): object {
  const size = "size" in listed ? listed.size : Buffer.byteLength(content);
  const blobId = listed.blobId ?? gitSha1(content);
  return {
    rfilename,
    size,
    blobId,
    ...(lfs ? { lfs: { sha256: listed.sha256 ?? sha256(content), size, pointerSize: 134 } } : {}),
  };
}

function send({ content, cutAfter, noRange }: FakeFile, request: IncomingMessage, response: ServerResponse): void {
  const bytes = Buffer.from(content);
  const asked = noRange ? null : /^bytes=(\d+)-$/.exec(request.headers.range ?? "");
  const from = asked === null ? 0 : Number(asked[1]);
  response.setHeader("content-length", bytes.length - from);
  if (asked !== null) response.setHeader("content-range", `bytes ${from}-${bytes.length - 1}/${bytes.length}`);
  response.writeHead(asked === null ? 200 : 206);
  if (cutAfter === undefined || from + cutAfter >= bytes.length) {
    response.end(bytes.subarray(from));
    return;
  }
  response.write(bytes.subarray(from, from + cutAfter), () => setTimeout(() => response.destroy(), 20));
}
