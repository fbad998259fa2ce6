import assert from "node:assert/strict";
import { join } from "node:path";
import { readDataFile } from "../../../evaluate/storage/dataFile.ts";
import { type DataFile, taskById } from "../../../evaluate/tasks/index.ts";
import { wikitextArticles, wikitextRows } from "../../../evaluate/tasks/wikitext.ts";
import { detokenized, rollingRequests } from "../../../evaluate/tasks/wordPerplexity.ts";
import { assertUserError, sharedPath } from "../model/support.ts";

const textFile = (text: string): DataFile => ({ kind: "text", text });
const rowsFile = (field: string, ...texts: string[]): DataFile => ({
  kind: "rows",
  rows: texts.map((text) => ({ [field]: text })),
});

/** The Hub's rows of a small text of that kind. */
const ROWS = ["", " = A = \n", "", " One line . \n", " Another . \n", "", "", " = = B = = \n", " End \n", ""];

describe("WikiText's files", () => {
  it("give the same rows as rows, joined by empty lines, and as the published lines, in which an empty line holds a space", () => {
    const joined = ROWS.join("\n\n");
    const lines = ROWS.map((row) => row || " \n").join("");
    assert.deepEqual(wikitextRows(rowsFile("text", ...ROWS), "a"), ROWS);
    assert.deepEqual(wikitextRows(textFile(joined), "a"), ROWS);
    assert.deepEqual(wikitextRows(textFile(lines), "a"), ROWS);
    assert.deepEqual(wikitextRows(textFile(lines.replaceAll("\n", "\r\n")), "a"), ROWS);
  });

  it("are cut into articles at titles, not at the headings of sections; rows with a page are articles already", () => {
    const text = " \n = A = \n \n Text \n = = B = = \n = = = C = = = \n = D ( e ) = \n Text = x = \n";
    const articles = [" \n = A = \n \n Text \n = = B = = \n = = = C = = = ", " = D ( e ) = \n Text = x = \n"];
    // The line before the first title is an article of blanks, which is none.
    articles[0] = articles[0]!.slice(2);
    assert.deepEqual(wikitextArticles(textFile(text), "a"), articles);
    assert.deepEqual(wikitextArticles(rowsFile("page", ...articles), "a"), articles);
  });

  it("WikiText-2's test split has 4 358 rows, 62 articles, 1 290 527 bytes in them and 241 335 words", async function () {
    const path = sharedPath("evaltext", "wikitext2-raw-test.joined.txt");
    if (path === null) {
      console.log("      skipped: ../shared has no WikiText-2");
      return this.skip();
    }
    const { data } = await readDataFile(path);
    const articles = wikitextArticles(data, path);
    assert.equal(wikitextRows(data, path).length, 4358);
    assert.equal(articles.length, 62);
    // Counted in Python by the Hub's own script and lm-eval's re.split(r"\s+", page).
    assert.equal(
      articles.reduce((sum, each) => sum + Buffer.byteLength(each), 0),
      1_290_527,
    );
    assert.equal(
      articles.reduce((sum, each) => sum + each.split(/\s+/).length, 0),
      241_335,
    );
    const inputs = { data, prefix: null, encode: (text: string) => [...Buffer.from(text)], limitWindows: null };
    const spec = { task: "wikitext2-gptq", source: path };
    assert.equal(
      taskById("wikitext2-gptq").prepare(spec, { ...inputs, context: 2048 }).protocol,
      "wikitext2-gptq-2048",
    );
    const lines: DataFile = {
      kind: "text",
      text: wikitextRows(data, path)
        .map((row) => row || " \n")
        .join(""),
    };
    const few = { ...inputs, data: lines, context: 1024, limitWindows: 8 };
    assert.equal(taskById("wikitext2-gptq").prepare(spec, few).protocol, "wikitext2-gptq-1024-subset8");
  });

  it("wikitext2-gptq refuses any other text, since its numbers would be taken for published ones", () => {
    const inputs = {
      data: textFile("Call me Ishmael."),
      prefix: null,
      encode: () => [1, 2],
      context: 2,
      limitWindows: null,
    };
    assertUserError(
      () => taskById("wikitext2-gptq").prepare({ task: "wikitext2-gptq", source: join("a", "moby.txt") }, inputs),
      "moby.txt: not the test split of WikiText-2",
      "perplexity:",
    );
  });
});

describe("wordperplexity", () => {
  it("predicts every token once: windows behind one token, the last behind as many as fit", () => {
    const plain = (ids: number[], context: number) =>
      rollingRequests(ids, 0, context).map(({ context, continuation }) => [[...context], [...continuation]]);
    assert.deepEqual(plain([1, 2, 3, 4, 5, 6, 7], 3), [
      [[0], [1, 2, 3]],
      [[3], [4, 5, 6]],
      [[4, 5, 6], [7]],
    ]);
    assert.deepEqual(plain([1, 2], 3), [[[0], [1, 2]]]);
    assert.deepEqual(plain([], 3), []);
  });

  it("detokenizes as lm-eval does", () => {
    // Literals from lm_eval 0.4.13, preprocess_wikitext.wikitext_detokenizer.
    assert.equal(detokenized(" a @-@ b , c . d ; e : f ! g ? h "), " a-b, c. d; e: f! g? h ");
    assert.equal(detokenized("( a ) [ b ] { c } \" d \" ' e '"), "(a) [b] {c} \"d\" 'e'");
    assert.equal(detokenized(" = = T = = \n x 's y 1 @,@ 000 N z"), " == T ==\nx's y 1,000 1 z");
  });

  it("needs a token to put before an article", () => {
    const inputs = { data: textFile("a b c"), prefix: null, encode: () => [1, 2], context: 8, limitWindows: null };
    assertUserError(
      () => taskById("wordperplexity").prepare({ task: "wordperplexity", source: "a.txt" }, inputs),
      "a.txt",
      "neither BOS nor EOS",
    );
  });
});
