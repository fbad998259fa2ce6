import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { UserError } from "../../formats/error.ts";
import { html } from "../escape.ts";
import { type LiveState, liveFragment } from "./fragment.ts";
import { livePage, livePolicy } from "./page.ts";

export interface LiveView {
  /** Where it is to be opened. */
  readonly url: string;
  /** Says that `state` has changed; watching pages are redrawn soon. */
  changed(): void;
  /** Sends the last state, says goodbye and closes. */
  close(): Promise<void>;
}

/** Loopback: nobody outside this machine can connect. */
const ADDRESS = "127.0.0.1";

/** Drawing charts takes a tenth of a second of the sweep's own process: at most once in this time, and only for watchers. */
const REDRAW_MS = 1000;

/** Pages open at once; a browser that reconnects in a loop must not use up the sweep's file descriptors. */
const WATCHERS_MAX = 16;

/** A browser sends its few hundred bytes of request at once. */
const REQUEST_MS = 5000;

const HEADERS = {
  "Content-Security-Policy": livePolicy,
  "X-Content-Type-Options": "nosniff",
  "Referrer-Policy": "no-referrer",
  "Cross-Origin-Resource-Policy": "same-origin",
  "Cache-Control": "no-store",
};

/**
 * Serves a page on a running sweep at 127.0.0.1 and `port` (0: any free one). There are two answers, the page at `/` and
 * its events at `/events`, both made in memory: no path leads to a file. Only GET, and only under a loopback name, so that
 * no other site's page can ask through a browser. Throws UserError when the port is taken.
 */
export async function serveLive(port: number, title: string, state: () => LiveState): Promise<LiveView> {
  const watchers = new Set<ServerResponse>();
  let drawing: Promise<void> = Promise.resolve();
  let timer: NodeJS.Timeout | undefined;
  let closed = false;

  const server = createServer({ headersTimeout: REQUEST_MS, requestTimeout: REQUEST_MS }, (request, response) => {
    const refuse = refusal(request, (server.address() as AddressInfo | null)?.port ?? 0);
    if (refuse) return answer(response, refuse.status, refuse.text, refuse.headers);
    if (request.url === "/")
      return answer(response, 200, livePage(title), { "Content-Type": "text/html; charset=utf-8" });
    if (watchers.size >= WATCHERS_MAX) return answer(response, 503, "too many pages are watching\n");
    response.writeHead(200, { ...HEADERS, "Content-Type": "text/event-stream" });
    response.write("retry: 2000\n\n");
    watchers.add(response);
    response.on("close", () => watchers.delete(response));
    response.on("error", () => {});
    draw([response]);
  });
  server.maxConnections = 2 * WATCHERS_MAX;
  // A request that is no HTTP is answered with 400 by Node; what is wrong with it is nothing for this process to fail on.
  server.on("clientError", (_, socket) => {
    if (socket.writable) socket.end("HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n");
  });

  /** One drawing after another: each shows the state of its own moment. What cannot be drawn must not end the sweep. */
  function draw(to: Iterable<ServerResponse>): void {
    drawing = drawing.then(async () => {
      const fragment = await liveFragment(state()).catch((error) => `<p>cannot be drawn: ${html(String(error))}</p>`);
      for (const response of to) response.write(`event: state\ndata: ${JSON.stringify(fragment)}\n\n`);
    });
  }

  server.listen(port, ADDRESS);
  // `once` rejects with the server's error.
  await once(server, "listening").catch((error: NodeJS.ErrnoException) => {
    const reason = error.code === "EADDRINUSE" ? "another program has this port" : error.message;
    throw new UserError(`--serve ${port}: ${reason}`);
  });
  return {
    url: `http://${ADDRESS}:${(server.address() as AddressInfo).port}/`,
    changed() {
      if (timer !== undefined || closed) return;
      timer = setTimeout(() => {
        timer = undefined;
        if (watchers.size > 0) draw(watchers);
      }, REDRAW_MS);
    },
    async close() {
      closed = true;
      clearTimeout(timer);
      if (watchers.size > 0) draw(watchers);
      await drawing;
      for (const response of watchers) response.end("event: end\ndata: {}\n\n");
      server.close();
      await new Promise<void>((resolve) => setTimeout(resolve, watchers.size > 0 ? 100 : 0));
      server.closeAllConnections();
    },
  };
}

interface Refusal {
  status: number;
  text: string;
  headers?: Record<string, string>;
}

/** Why a request is not answered, or null. */
function refusal({ method, url, headers }: IncomingMessage, port: number): Refusal | null {
  // A name that another site lets point to this machine is still its own name (DNS rebinding).
  const names = ["127.0.0.1", "localhost"].map((name) => `${name}:${port}`);
  if (!names.includes(headers.host ?? "")) return { status: 403, text: `ask for ${names[0]}\n` };
  if (method !== "GET") return { status: 405, text: "GET only\n", headers: { Allow: "GET" } };
  if (url !== "/" && url !== "/events") return { status: 404, text: "not here\n" };
  return null;
}

function answer(response: ServerResponse, status: number, text: string, headers: Record<string, string> = {}): void {
  response.writeHead(status, {
    ...HEADERS,
    "Content-Type": "text/plain; charset=utf-8",
    "Content-Length": Buffer.byteLength(text),
    Connection: "close",
    ...headers,
  });
  response.end(text);
}
