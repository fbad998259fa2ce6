import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { tableFromIPC } from "apache-arrow";
import type { Row } from "../../evaluate/trial/row.ts";
import { UserError } from "../../formats/error.ts";
import { rowsToArrow, rowsToCsv } from "../../reports/export.ts";
import { rowsFromArrow } from "../../reports/fromArrow.ts";
import { htmlReport as pageOf } from "../../reports/html.ts";
import { checkRows, type ReportInput } from "../../reports/input.ts";
import { markdownReport } from "../../reports/markdown.ts";
import { pageRuntime } from "../../reports/pageRuntime.ts";
import { renderPng } from "../../reports/png.ts";
import { composeReport } from "../../reports/report.ts";
import { terminalFrontier } from "../../reports/terminal.ts";
import { views } from "../../reports/views.ts";
import { writeReport } from "../../reports/write.ts";
import { makeInput, makeRow, makeRows } from "./fixture.ts";
import { evil, hostileInput, hostileReport } from "./hostile.ts";

const htmlReport = (input: ReportInput) => pageOf(composeReport(input));

/** RFC 4180, by the book: enough to read back what we wrote. */
function parseCsv(text: string): (string | null)[][] {
  const rows: (string | null)[][] = [];
  let row: (string | null)[] = [];
  const field = /(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n)/gy;
  for (let match = field.exec(text); match !== null; match = field.exec(text)) {
    row.push(match[1] !== undefined ? match[1].replaceAll('""', '"') : match[2] || null);
    if (match[3] === "\r\n") {
      rows.push(row);
      row = [];
    }
  }
  return rows;
}

describe("htmlReport", () => {
  it("htmlReport(input) is one page that asks for nothing and says what made it", async () => {
    const page = await htmlReport(makeInput());
    const links = [...page.matchAll(/(?:href|src)="([^"]{0,40})/g)].map((match) => match[1]!);
    assert.equal(links.filter((link) => link.startsWith("data:")).length, 2);
    assert.ok(
      links.every((link) => link.startsWith("data:") || link.startsWith("#")),
      links.join(),
    );
    assert.doesNotMatch(page, /@import|url\((?!#)|<link|<iframe|<img|<object/);
    assert.match(page, /default-src 'none'/);
    for (const words of [
      "bitfrontier sweep --out runs/default",
      "onnxruntime-node 1.30.0",
      "windows-256",
      "scope linears",
      "n = 96 windows",
      "5c2ae1f0",
      "modelled: count model v1",
    ])
      assert.ok(page.includes(words), words);
    assert.equal(page.match(/<svg /g)?.length, 10);
    assert.equal(page.match(/<figcaption /g)?.length, 10);
    assert.equal(page.match(/<table /g)?.length, 6);
    assert.match(page, /prefers-color-scheme: dark/);
  });

  it("htmlReport(input) gives the same bytes twice", async () => {
    const [first, second] = [await htmlReport(makeInput()), await htmlReport(makeInput())];
    assert.ok(first === second);
  });

  it("htmlReport(input) keeps hostile text as text", async () => {
    const page = await pageOf(hostileReport());
    assert.equal(page.match(/<script/g)?.length, 1);
    assert.equal(page.match(/<\/script/g)?.length, 1);
    assert.ok(!page.includes("<script>alert") && !page.includes("\u001b"));
    assert.ok(page.includes("&lt;script&gt;alert("));
  });

  it("htmlReport(input) without rows, profiles or codebooks says that there is no frontier", async () => {
    const page = await htmlReport({ ...makeInput(), rows: [], profiles: [], codebooks: [] });
    assert.match(page, /there is no frontier to draw/);
  });

  it("htmlReport(input) tells why a row is in no frontier", async () => {
    const rows = makeRows();
    rows[3] = { ...rows[3]!, perplexity: null, deltaLoss: null, reason: "the loss overflowed at window 3" };
    assert.match(
      await htmlReport({ ...makeInput(), rows }),
      /int5@g128 is in no frontier: the loss overflowed at window 3\./,
    );
  });
});

describe("htmlReport with the runtime", () => {
  it("htmlReport(report, runtime) holds the spec of every chart, allows its own two scripts and no eval", async () => {
    const report = hostileReport();
    const text = await pageOf(report, await pageRuntime());
    const data = /<script type="application\/json" id="chart-data">(.*?)<\/script>/s.exec(text)![1]!;
    const ids = report.sections.flatMap(({ figure }) => (figure ? [figure.id] : []));
    assert.deepEqual(Object.keys(JSON.parse(data)), ids);
    assert.ok(!data.includes("<"));
    assert.equal(text.match(/<script/g)?.length, 3);
    assert.equal(text.match(/<\/script/g)?.length, 3);
    assert.match(text, /script-src 'sha256-[^']*' 'sha256-[^']*';/);
    assert.ok(!text.includes("unsafe-eval"));
  });
});

describe("renderPng", () => {
  it("renderPng(svg) is a PNG of twice the size, on white, with its text", async () => {
    const svg = (text: string) =>
      `<svg xmlns="http://www.w3.org/2000/svg" width="60" height="20"><text x="2" y="14" fill="currentColor" font-family="x">${text}</text></svg>`;
    const png = Buffer.from(await renderPng(svg("SF4")));
    assert.equal(png.subarray(1, 4).toString(), "PNG");
    assert.deepEqual([png.readUInt32BE(16), png.readUInt32BE(20)], [120, 40]);
    assert.deepEqual(Buffer.from(await renderPng(svg("SF4"))), png);
    assert.ok(png.length > (await renderPng(svg(""))).length);
  });
});

describe("markdownReport and terminalFrontier", () => {
  it("markdownReport(input) has tables whose every line has the same number of cells, hostile text or not", () => {
    for (const input of [makeInput(), hostileInput()]) {
      const text = markdownReport(composeReport(input));
      const blocks = text.split("\n\n").filter((block) => block.startsWith("|"));
      assert.equal(blocks.length, 6);
      for (const block of blocks) {
        const cells = block.split("\n").map((line) => line.replaceAll("\\|", "").split("|").length);
        assert.equal(new Set(cells).size, 1);
      }
      // Inside the code span of the command, which nothing can close, angle brackets are text.
      const outside = text.replace(/made by (`+).*\1/, "");
      assert.ok(!outside.includes("<script") && !text.includes("\u001b"));
    }
  });

  it("terminalFrontier(view) aligns its columns and has no control characters", () => {
    for (const input of [makeInput(), hostileInput()]) {
      const text = terminalFrontier(views(input.rows, input.codebooks)[0]!);
      // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for.
      assert.doesNotMatch(text, /[\u0000-\u0009\u000b-\u001f]/);
    }
    const input = makeInput();
    const lines = terminalFrontier(views(input.rows)[0]!).split("\n");
    assert.match(lines[2]!, /^format +status +bits\/weight +area \(GE\) +Δ loss \(nats\/token\) +perplexity$/);
    assert.match(lines[4]!, /^int3@g128 +frontier +3\.125 +214\.0 +0\.442 ± 0\.013 +34\.16 ± 0\.92$/);
    assert.equal(new Set([lines[2], ...lines.slice(4, -1)].map((line) => line!.length)).size, 1);
  });
});

describe("exports", () => {
  const rows: Row[] = [
    makeRow({ key: "a", model: evil, perplexity: 1 / 3, group: "row" }),
    { ...makeRows()[1]!, perplexity: null, perplexitySigma: null, reason: "overflow" },
  ];

  it("rowsToCsv(rows) reads back: every digit, nulls empty, hostile text whole", () => {
    const [head, ...lines] = parseCsv(rowsToCsv(rows));
    const read = (line: number, name: string) => lines[line]![head!.indexOf(name)];
    assert.equal(lines.length, 2);
    assert.ok(lines.every((line) => line.length === head!.length));
    assert.equal(Number(read(0, "perplexity")), 1 / 3);
    assert.equal(read(0, "model"), evil.replace("\u001b", "\u001b"));
    assert.equal(read(0, "group"), "row");
    assert.equal(read(0, "areaGe"), null);
    assert.equal(read(1, "perplexity"), null);
    assert.equal(read(1, "reason"), "overflow");
    assert.equal(read(1, "areaGe"), "262");
  });

  it("rowsToCsv(rows) has the figures of other tasks as JSON, without their examples", () => {
    const acc = { value: 0.5, sigma: 0.25, delta: null, deltaSigma: null };
    const [head, line, other] = parseCsv(
      rowsToCsv([makeRow({ metrics: { acc: { ...acc, examples: [0, 1] } } }), makeRow({ key: "b" })]),
    );
    const at = head!.indexOf("metrics");
    assert.deepEqual(JSON.parse(line![at]!), { acc });
    assert.equal(other![at], null);
  });

  it("rowsToArrow(rows) reads back with nulls, dictionary text, lists, and the same bytes each time", async () => {
    const bytes = await rowsToArrow(rows);
    assert.equal(new TextDecoder().decode(bytes.subarray(0, 6)), "ARROW1");
    assert.deepEqual(await rowsToArrow(rows), bytes);
    const table = tableFromIPC(bytes);
    assert.equal(table.numRows, 2);
    const [a, b] = table.toArray().map((row) => row!.toJSON() as Record<string, unknown>);
    assert.equal(a!.model, evil);
    assert.equal(a!.perplexity, 1 / 3);
    assert.equal(a!.areaGe, null);
    assert.equal(b!.perplexity, null);
    assert.equal(b!.areaGe, 262);
    assert.deepEqual([...(a!.windowLoss as Iterable<number>)], rows[0]!.windowLoss);
    assert.deepEqual(JSON.parse(String(b!.layers)), rows[1]!.layers);
    assert.match(String(table.schema.fields.find((field) => field.name === "format")?.type), /Dictionary/);
  });

  it("rowsFromArrow(rowsToArrow(rows)) are the rows again", async () => {
    const all = [
      ...makeRows(),
      makeRow({ key: "b", group: "row", activation: "same", metrics: { acc: { value: 1, sigma: null } } }),
    ];
    assert.deepEqual(await rowsFromArrow(await rowsToArrow(all)), all);
    await assert.rejects(rowsFromArrow(new Uint8Array([1, 2, 3])), UserError);
  });

  it("rowsToArrow([]) is an empty table with its columns", async () => {
    const table = tableFromIPC(await rowsToArrow([]));
    assert.equal(table.numRows, 0);
    assert.ok(table.schema.names.includes("perplexity"));
  });
});

describe("checkRows", () => {
  it("checkRows(rows) names the row and the field that is wrong", () => {
    const bad = (changes: object) => () =>
      checkRows([makeRow({ key: "a" }), { ...makeRow({ key: "b" }), ...changes } as Row]);
    assert.doesNotThrow(bad({}));
    assert.throws(
      bad({ perplexity: Number.NaN }),
      /row 1 \(int4@g128, key b\): perplexity must be a finite number or null, found NaN/,
    );
    assert.throws(bad({ bitsPerWeight: null }), /bitsPerWeight must be a finite number, found null/);
    assert.throws(bad({ model: 7 }), /model must be text/);
    assert.throws(bad({ windowLoss: [1, null] }), /windowLoss must be a list/);
    assert.throws(bad({ cost: { areaGe: 1 } }), /cost: weight must be text/);
    assert.throws(bad({ layers: [{}] }), /layers/);
    assert.throws(bad({ group: true }), /group/);
    assert.throws(bad({ config: null }), /config must be an object/);
    assert.throws(bad({ timing: undefined }), /timing must be an object/);
    assert.doesNotThrow(bad({ metrics: { acc: { value: 0.5, sigma: null } } }));
    assert.throws(bad({ metrics: [] }), /metrics must be an object/);
    assert.throws(bad({ metrics: { acc: null } }), /metrics: acc must be an object/);
    assert.throws(bad({ metrics: { acc: { value: "1", sigma: null } } }), /acc: value must be a finite number or null/);
    assert.throws(bad({ metrics: { acc: { value: 1, sigma: null, delta: "0" } } }), /acc: delta must be a finite/);
    assert.throws(bad({ key: "a" }), /appears twice/);
    assert.throws(() => checkRows([null as unknown as Row]), /row 0: expected an object/);
  });
});

describe("writeReport", () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "bitfrontier-report-"));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  it("writeReport(dir, input) writes page, Markdown, data and charts, and leaves no temporary file", async () => {
    const written = await writeReport(join(folder, "a", "b"), composeReport(makeInput()));
    for (const path of [written.html, written.md, written.arrow, written.csv, ...written.charts])
      assert.ok(existsSync(path), path);
    const names = await readdir(join(folder, "a", "b"), { recursive: true });
    assert.deepEqual(
      names.filter((name) => name.endsWith(".tmp")),
      [],
    );
    assert.equal(names.filter((name) => name.endsWith(".vl.json")).length, written.charts.length);
    const markdown = await readFile(written.md, "utf8");
    for (const [, link] of markdown.matchAll(/\]\((charts\/[^)]*)\)/g))
      assert.ok(existsSync(join(folder, "a", "b", link!)), link);
  });

  it("composeReport(input) refuses malformed rows before anything is written", () => {
    const input = { ...makeInput(), rows: [makeRow({ perplexity: Number.POSITIVE_INFINITY })] };
    assert.throws(() => composeReport(input), UserError);
  });

  it("writeReport(dir, input) names the path that cannot be written", async () => {
    const file = join(folder, "file");
    await writeFile(file, "");
    await assert.rejects(
      writeReport(file, composeReport(makeInput())),
      (error) => error instanceof UserError && error.message.includes(file) && /cannot be written/.test(error.message),
    );
  });
});
