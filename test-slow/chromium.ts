import { existsSync } from "node:fs";
import { pathToFileURL } from "node:url";
import { type Browser, chromium, type Page } from "playwright-core";

const places = [
  process.env.CHROMIUM ?? "",
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome",
  "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
  "C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe",
];

/** Path of an installed Chromium or Chrome (or `CHROMIUM`), or undefined. */
export const chromiumPath = places.find((path) => path !== "" && existsSync(path));

/** Starts it headless. */
export function startChromium(): Promise<Browser> {
  return chromium.launch({ executablePath: chromiumPath!, args: ["--no-sandbox"] });
}

/** A page opened from disk, with what it asked for beyond itself and what went wrong. */
export interface OpenedPage {
  page: Page;
  /** URLs of requests other than the file's own and data inside it. */
  requests: string[];
  /** Console errors and uncaught exceptions. */
  errors: string[];
}

export async function openFile(browser: Browser, path: string, options: object = {}): Promise<OpenedPage> {
  const context = await browser.newContext(options);
  const page = await context.newPage();
  const own = pathToFileURL(path).href;
  const requests: string[] = [];
  const errors: string[] = [];
  page.on("request", (request) => {
    const url = request.url();
    if (url !== own && !url.startsWith("data:") && !url.startsWith("blob:")) requests.push(url);
  });
  page.on("console", (message) => {
    if (message.type() === "error") errors.push(message.text());
  });
  page.on("pageerror", (error) => errors.push(error.message));
  await page.goto(own);
  return { page, requests, errors };
}
