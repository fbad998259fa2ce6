import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { promisify } from "node:util";
import type { Browser, Locator, Page } from "playwright-core";
import { packageRoot } from "../evaluate/model/index.ts";
import { chromiumPath, openFile, startChromium } from "./chromium.ts";

const notebooks = join(packageRoot(), "notebooks");
const run = promisify(execFile);

/** Asks again every 50 ms for ten seconds. */
async function poll(holds: () => Promise<boolean>, message: string): Promise<void> {
  for (let i = 0; i < 200; i++) {
    if (await holds()) return;
    await setTimeout(50);
  }
  assert.fail(message);
}

/** Charts of each notebook as it opens. */
const charts: Record<string, number> = {
  "explore-a-codebook.html": 2,
  "profile-a-model.html": 2,
  "read-a-frontier.html": 1,
  "reproduce-the-paper.html": 6,
};

describe("the notebooks in Chromium", () => {
  let browser: Browser;
  let folder: string;

  before(async function () {
    if (chromiumPath === undefined) {
      console.log("      no Chromium found (set CHROMIUM to its path)");
      this.skip();
    }
    if (!existsSync(join(notebooks, "node_modules", "vite"))) {
      console.log("      the notebooks' tools are not installed (npm run notebooks installs them)");
      this.skip();
    }
    folder = await mkdtemp(join(tmpdir(), "bitfrontier-notebooks-"));
    await run(process.execPath, [join(notebooks, "build.mjs"), "--out", folder]);
    browser = await startChromium();
  });
  after(async () => {
    await browser?.close();
    if (folder) await rm(folder, { recursive: true, force: true });
  });

  const open = async (name: string) => {
    const opened = await openFile(browser, join(folder, name));
    await opened.page.waitForFunction(`document.querySelectorAll(".chart svg[role=img]").length >= ${charts[name]}`);
    return opened;
  };
  const set = (page: Page, label: string, value: number) => page.getByLabel(label).fill(String(value));
  const card = (page: Page, name: string) => page.locator(".cards > div", { hasText: name }).locator("dd");
  /** Waits until an element says something else. */
  const changed = (locator: Locator, before: string | null) =>
    poll(async () => (await locator.textContent()) !== before, `still ${before}`);

  it("are four single files", async () => {
    assert.deepEqual((await readdir(folder)).sort(), Object.keys(charts));
  });

  for (const [name, count] of Object.entries(charts)) {
    it(`${name} opens from disk with every chart, no request and no error`, async () => {
      const { page, requests, errors } = await open(name);
      assert.equal(await page.locator(".chart svg[role=img]").count(), count);
      assert.equal(await page.locator(".observablehq--error").count(), 0);
      assert.deepEqual([requests, errors], [[], []]);
      await page.context().close();
    });
  }

  it("explore-a-codebook.html follows ν, the group, a key and a drag", async () => {
    const { page, errors } = await open("explore-a-codebook.html");
    const error = card(page, "expected relative error");
    // Golden: predictedError of E2M1 on t(5) in groups of 128 (test/fitting/predictedError.test.ts has its peers).
    assert.equal(await error.textContent(), "0.01523");
    await set(page, "degrees of freedom ν", 10);
    await changed(error, "0.01523");
    const atTen = await error.textContent();
    assert.ok(Number(atTen) < 0.01523);
    await set(page, "weights that share a scale", 5);
    await changed(error, atTen);
    const area = card(page, "MAC area");
    const [before, values] = [await area.textContent(), await page.locator(".editor output").textContent()];
    await page.locator(".editor .handle").nth(12).focus();
    await page.keyboard.press("ArrowRight");
    await changed(page.locator(".editor output"), values);
    assert.match((await page.locator(".editor output").textContent())!, /, 3\.5, 4, 6$/);
    const handle = (await page.locator(".editor .handle").nth(14).boundingBox())!;
    await page.mouse.move(handle.x + handle.width / 2, handle.y + handle.height / 2);
    await page.mouse.down();
    await page.mouse.move(handle.x + handle.width / 2 + 40, handle.y + handle.height / 2, { steps: 4 });
    await page.mouse.up();
    assert.match((await page.locator(".editor output").textContent())!, /, 3\.5, 4, (6\.5|7|7\.5)$/);
    await changed(area, before);
    assert.match((await page.locator("pre").last().textContent())!, /sweep --formats '\[-6,-4,.*3\.5,4,/);
    assert.deepEqual(errors, []);
    await page.context().close();
  });

  it("read-a-frontier.html has fewer ties at a lower threshold", async () => {
    const { page, errors } = await open("read-a-frontier.html");
    const sentence = page.locator("p", { hasText: /^Of \d+ formats/ });
    const worth = async () => Number(/, (\d+) (?:is|are) worth/.exec((await sentence.textContent())!)![1]);
    const at2 = await worth();
    await set(page, "standard errors that count as a difference", 0);
    await page.locator("p", { hasText: "none ties" }).waitFor();
    assert.ok((await worth()) > at2);
    await page.getByLabel("cost").selectOption({ label: "Bits per weight, scales included" });
    await page.locator("p", { hasText: "worth the bits" }).waitFor();
    assert.deepEqual(errors, []);
    await page.context().close();
  });

  it("profile-a-model.html shows the tensor and the group that are chosen", async () => {
    const { page, errors } = await open("profile-a-model.html");
    const nu = await card(page, "degrees of freedom").textContent();
    await page.getByLabel("tensor").selectOption("model.layers.0.self_attn.k_proj.weight");
    await changed(card(page, "degrees of freedom"), nu);
    await set(page, "weights that share a scale", 5);
    await page.locator("caption", { hasText: "in groups of 32," }).waitFor();
    assert.deepEqual(errors, []);
    await page.context().close();
  });

  it("reproduce-the-paper.html derives the codebook of the ν that is chosen, and marks what is published", async () => {
    const { page, errors } = await open("reproduce-the-paper.html");
    await set(page, "ν of the Student float", 3);
    await page.locator(".chart text", { hasText: "sf4, ν 3" }).waitFor();
    assert.ok((await page.locator('.chart [aria-label^="published: "]').count()) > 40);
    await page.locator(".chart text", { hasText: /^× published: Dotzel/ }).waitFor();
    assert.deepEqual(errors, []);
    await page.context().close();
  });
});
