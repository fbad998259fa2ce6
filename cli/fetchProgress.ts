import type { FetchProgress } from "../evaluate/model/index.ts";
import type { ProgressStream } from "../evaluate/sweep/progress.ts";

/** A terminal line is redrawn at most this often (10 Hz); more only flickers. */
const REDRAW_MS = 100;

/** Shows a download: a terminal gets one redrawn line a file, anything else one plain line a file. */
export function fetchProgress(stream: ProgressStream): (progress: FetchProgress) => void {
  let current = "";
  let drawnAt = Number.NEGATIVE_INFINITY;
  return ({ file, done, total }) => {
    const isNew = file !== current;
    current = file;
    if (!stream.isTTY) {
      if (isNew) stream.write(`fetching ${file} (${megabytes(total)})\n`);
      return;
    }
    const now = performance.now();
    if (!isNew && done < total && now - drawnAt < REDRAW_MS) return;
    drawnAt = now;
    const line = `fetching ${file}  ${megabytes(done)} of ${megabytes(total)}`;
    stream.write(`\r\x1b[2K${line.slice(0, (stream.columns || 80) - 1)}${done >= total ? "\n" : ""}`);
  };
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}
