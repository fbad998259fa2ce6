import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser } from "playwright-core";
import { htmlReport } from "../reports/html.ts";
import { pageRuntime } from "../reports/pageRuntime.ts";
import { composeReport } from "../reports/report.ts";
import { makeInput } from "../test/reports/fixture.ts";
import { hostileReport } from "../test/reports/hostile.ts";
import { chromiumPath, openFile, startChromium } from "./chromium.ts";

describe("the report's page in Chromium", () => {
  let browser: Browser;
  let folder: string;
  const report = composeReport(makeInput());
  const charts = report.sections.filter((section) => section.figure).length;
  const live = () => join(folder, "live.html");
  const still = () => join(folder, "static.html");

  before(async function () {
    if (chromiumPath === undefined) {
      console.log("      no Chromium found (set CHROMIUM to its path)");
      this.skip();
    }
    folder = await mkdtemp(join(tmpdir(), "bitfrontier-page-"));
    await writeFile(live(), await htmlReport(report, await pageRuntime()));
    await writeFile(still(), await htmlReport(report));
    browser = await startChromium();
  });
  after(async () => {
    await browser?.close();
    if (folder) await rm(folder, { recursive: true, force: true });
  });

  it("redraws every chart under its own security policy, without a request or an error", async () => {
    const { page, requests, errors } = await openFile(browser, live());
    await page.waitForFunction(`document.querySelectorAll("[data-live] svg[role=img]").length === ${charts}`);
    assert.deepEqual([requests, errors], [[], []]);
    assert.equal(await page.locator("figure svg").count(), charts);
    assert.equal(await page.locator("[data-live] svg[aria-labelledby]").count(), charts);
    await page.context().close();
  });

  it("says what is under the pointer, and fades what is not picked in the legend", async () => {
    const { page, errors } = await openFile(browser, live());
    const chart = page.locator("[data-chart=frontier-1][data-live]");
    await chart.waitFor();
    const mark = chart.locator('path[aria-label^="e2m1: "]');
    await mark.hover({ force: true });
    assert.match(
      (await page.locator(".tip:not([hidden])").textContent())!,
      /^e2m1: Δ loss \(nats\/token\) .*on the frontier$/,
    );
    const opacity = (name: string) => chart.locator(`path[aria-label^="${name}: "]`).getAttribute("opacity");
    assert.equal(await opacity("int3"), "1");
    await chart.locator(".role-legend text", { hasText: /^float$/ }).click();
    await chart.locator('path[aria-label^="int3: "][opacity="0.08"]').waitFor({ state: "attached" });
    assert.equal(await opacity("e2m1"), "1");
    assert.deepEqual(errors, []);
    await page.context().close();
  });

  it("is whole without scripts: static, or switched off", async () => {
    for (const [path, options] of [
      [still(), {}],
      [live(), { javaScriptEnabled: false }],
    ] as const) {
      const { page, requests, errors } = await openFile(browser, path, options);
      assert.equal(await page.locator("figure svg[role=img]").count(), charts);
      assert.equal(await page.locator("[data-live]").count(), 0);
      assert.deepEqual([requests, errors], [[], []]);
      await page.context().close();
    }
  });

  it("runs nothing that rows contain", async () => {
    const path = join(folder, "hostile.html");
    const hostile = hostileReport();
    await writeFile(path, await htmlReport(hostile, await pageRuntime()));
    const { page, requests, errors } = await openFile(browser, path);
    const n = hostile.sections.filter((section) => section.figure).length;
    await page.waitForFunction(`document.querySelectorAll("[data-live]").length === ${n}`);
    assert.deepEqual([requests, errors], [[], []]);
    assert.equal(await page.locator("script").count(), 3);
    assert.match(await page.title(), /<script>alert/);
    await page.context().close();
  });

  it("sorts the table of all rows at a click", async () => {
    const { page } = await openFile(browser, live());
    const table = page.locator("table.sortable");
    await table.locator("thead button", { hasText: /^perplexity$/ }).click();
    const column = await table.locator("thead th").allTextContents();
    const cells = await table.locator(`tbody tr > :nth-child(${column.indexOf("perplexity") + 1})`).all();
    const values = await Promise.all(cells.map(async (cell) => Number(await cell.getAttribute("data-value"))));
    assert.deepEqual(
      values,
      values.toSorted((a, b) => a - b),
    );
    assert.equal(values.length, 41);
    await page.context().close();
  });

  it("fits a narrow screen and follows the colour scheme", async () => {
    const { page } = await openFile(browser, live(), { viewport: { width: 360, height: 700 }, colorScheme: "dark" });
    assert.equal(await page.evaluate("document.documentElement.scrollWidth"), 360);
    const paper = () => page.evaluate("getComputedStyle(document.body).backgroundColor");
    assert.equal(await paper(), "rgb(21, 23, 27)");
    await page.emulateMedia({ colorScheme: "light" });
    assert.equal(await paper(), "rgb(255, 255, 255)");
    await page.context().close();
  });
});
