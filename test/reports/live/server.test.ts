import assert from "node:assert/strict";
import { once } from "node:events";
import { connect } from "node:net";
import { type LiveState, type LiveView, serveLive } from "../../../reports/live/index.ts";
import { codebooks, makeRows } from "../fixture.ts";

describe("serveLive", () => {
  let view: LiveView;
  let port: number;
  let state: LiveState;
  beforeEach(async () => {
    const rows = makeRows();
    state = { input: { rows: rows.slice(0, 4), codebooks }, total: rows.length, failures: [], finished: false };
    view = await serveLive(0, "A <sweep>", () => state);
    port = Number(new URL(view.url).port);
  });
  afterEach(() => view.close());

  /** Sends bytes as they are and gives all that comes back until the server closes. */
  async function raw(request: string): Promise<string> {
    const socket = connect(port, "127.0.0.1");
    let text = "";
    socket.on("data", (part: Buffer) => {
      text += part;
    });
    socket.on("error", () => {});
    socket.write(request);
    await once(socket, "close");
    return text;
  }
  const get = (target: string, host = `127.0.0.1:${port}`) => raw(`GET ${target} HTTP/1.1\r\nHost: ${host}\r\n\r\n`);
  const status = (text: string) => Number(/^HTTP\/1\.1 (\d+)/.exec(text)?.[1]);

  it("gives the page at / with a policy that lets it load nothing and run only its own script", async () => {
    const text = await get("/");
    assert.equal(status(text), 200);
    assert.match(text, /<title>A &lt;sweep&gt;<\/title>/);
    assert.match(
      text,
      /\r\nContent-Security-Policy: default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-/,
    );
    assert.match(text, /connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'\r\n/);
    assert.doesNotMatch(text, /Access-Control/i);
    assert.equal(status(await get("/", `localhost:${port}`)), 200);
  });

  it("has no path that leads to a file", async () => {
    const targets = [
      "/../../../../etc/passwd",
      "/..%2f..%2f..%2fetc/passwd",
      "/%2e%2e/%2e%2e/etc/passwd",
      "//etc/passwd",
      "/events/../../package.json",
      "/..\\..\\package.json",
      "/./",
      "/?a=../../etc/passwd",
      "/journal.jsonl",
      "/%00",
      "/etc/passwd%00.html",
      "file:///etc/passwd",
      `http://127.0.0.1:${port}/../etc/passwd`,
      "*",
    ];
    for (const target of targets) {
      const text = await get(target);
      assert.equal(status(text), 404, target);
      assert.match(text, /\r\n\r\nnot here\n$/, target);
    }
  });

  it("answers GET only", async () => {
    for (const method of ["POST", "PUT", "DELETE", "HEAD", "OPTIONS", "TRACE", "PATCH"]) {
      const text = await raw(`${method} / HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nContent-Length: 0\r\n\r\n`);
      assert.equal(status(text), 405, method);
      assert.match(text, /\r\nAllow: GET\r\n/);
    }
  });

  it("refuses other names for this machine, which another site may have given it", async () => {
    for (const host of [
      "evil.example",
      `evil.example:${port}`,
      "127.0.0.1",
      `127.0.0.1:${port}.evil.example`,
      "",
      `[::1]:${port}`,
    ])
      assert.equal(status(await get("/", host)), 403, host);
    // HTTP/1.1 without a Host at all is Node's to refuse.
    assert.equal(status(await raw("GET / HTTP/1.1\r\n\r\n")), 400);
  });

  it("survives what is no HTTP and headers without end", async () => {
    assert.equal(status(await raw("\x16\x03\x01 hello\r\n\r\n")), 400);
    assert.equal(
      status(await raw(`GET / HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nX: ${"x".repeat(100_000)}\r\n\r\n`)),
      400,
    );
    assert.equal(status(await get("/")), 200);
  });

  it("listens on loopback only", () => {
    assert.match(view.url, /^http:\/\/127\.0\.0\.1:\d+\/$/);
  });

  it("sends the state at once and after changes, and says when the sweep has ended", async () => {
    const watcher = get("/events");
    await new Promise((resolve) => setTimeout(resolve, 300));
    state = { ...state, input: { ...state.input, rows: makeRows() }, failures: ["nf4@g32 on <b>: no"] };
    view.changed();
    await new Promise((resolve) => setTimeout(resolve, 1300));
    state = { ...state, finished: true };
    await view.close();
    const text = await watcher;
    assert.match(text, /\r\nContent-Type: text\/event-stream\r\n/);
    const states = [...text.matchAll(/^event: state\ndata: (.*)$/gm)].map(([, data]) => JSON.parse(data!) as string);
    assert.equal(states.length, 3);
    const total = makeRows().length;
    assert.match(states[0]!, new RegExp(`4 of ${total} trials done, running`));
    assert.match(states[1]!, new RegExp(`${total} of ${total} trials done, 1 failed, running`));
    assert.match(states[1]!, /<svg role="img"/);
    assert.match(states[1]!, /nf4@g32 on &lt;b&gt;: no/);
    assert.match(states[2]!, /1 failed, finished/);
    assert.match(text, /event: end\ndata: \{\}\n\n/);
  });

  it("outlives a page that goes away and rows that cannot be drawn", async () => {
    const gone = connect(port, "127.0.0.1");
    gone.write(`GET /events HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n\r\n`);
    await once(gone, "data");
    gone.destroy();
    const watcher = get("/events");
    await new Promise((resolve) => setTimeout(resolve, 300));
    state = { ...state, input: { ...state.input, rows: [null as never] } };
    view.changed();
    await new Promise((resolve) => setTimeout(resolve, 1300));
    await view.close();
    assert.match(await watcher, /cannot be drawn: TypeError/);
  });

  it("names the port when another program has it", async () => {
    await assert.rejects(
      serveLive(port, "second", () => state),
      {
        name: "UserError",
        message: `--serve ${port}: another program has this port`,
      },
    );
  });
});
