import { createHash } from "node:crypto";
import { html } from "../escape.ts";
import { pageStyle } from "../pageStyle.ts";

/** The page's only script: shows what each event brings, keeps the place of scrolled tables, says when the sweep is gone. */
const script = `
const main = document.querySelector("main");
const state = document.querySelector("#connection");
const events = new EventSource("events");
events.addEventListener("state", ({ data }) => {
  const places = [...main.querySelectorAll(".scroll")].map((frame) => [frame.scrollLeft, frame.scrollTop]);
  main.innerHTML = JSON.parse(data);
  main.querySelectorAll(".scroll").forEach((frame, i) => places[i] && frame.scrollTo(...places[i]));
  state.textContent = "";
});
events.addEventListener("end", () => {
  events.close();
  state.textContent = "The sweep has ended; its report is in its folder.";
});
events.addEventListener("error", () => {
  if (events.readyState !== EventSource.CLOSED) state.textContent = "No answer from the sweep; trying again.";
});
`;

/** Content security policy of everything the live view sends: it loads nothing, runs this script alone, asks only itself. */
export const livePolicy =
  `default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-${createHash("sha256").update(script).digest("base64")}'; ` +
  "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/** The live view's page: an empty frame that events fill. */
export function livePage(title: string): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${html(title)}</title>
<style>${pageStyle}
progress { width: 100%; }
</style>
</head>
<body>
<header>
<h1>${html(title)}</h1>
<p id="connection" class="meta" role="status">Waiting for the sweep.</p>
</header>
<main></main>
<script>${script}</script>
</body>
</html>
`;
}
