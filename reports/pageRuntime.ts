import { readFile } from "node:fs/promises";

/**
 * The code that makes a page's charts answer to the pointer, for an inline script; `npm run build` bundles it from
 * page/runtime.mjs.
 * @throws Error where the build has not made it, or where it cannot stand in a script element.
 */
export async function pageRuntime(): Promise<string> {
  const code = await readFile(new URL("./page/runtime.js", import.meta.url), "utf8").catch(() => {
    throw new Error("internal: dist/reports/page/runtime.js is missing: npm run build makes it");
  });
  if (/<\/script|<!--/i.test(code)) throw new Error("internal: the page's runtime would end its own script element");
  return code.trim();
}
