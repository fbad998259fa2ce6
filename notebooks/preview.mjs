/** Serves the notebooks while they are edited: `npm run notebooks:preview`. */
import { createServer } from "vite";
import { root, settings } from "./vite.mjs";

const server = await createServer({
  ...settings(),
  logLevel: "info",
  server: { host: "127.0.0.1", fs: { allow: [`${root}..`] } },
});
await server.listen();
server.printUrls();
