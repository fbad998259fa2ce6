/** Where progress goes: a terminal (`isTTY`) gets one redrawn line, anything else one plain line a trial. */
export interface ProgressStream {
  write(text: string): unknown;
  isTTY?: boolean;
  columns?: number;
}

export interface Progress {
  /** One more piece of work is done, and this is what it was. */
  advance(label: string): void;
  /** What is at work; shown on a terminal, behind the rest. */
  step(what: string): void;
  /** Redraws the clock of a terminal line; nothing elsewhere. */
  tick(): void;
  /** Prints a line of its own without tearing the progress line. */
  note(line: string): void;
  /** Leaves the cursor on a fresh line. */
  end(): void;
}

/** A terminal line is redrawn at most this often (10 Hz); more only flickers. */
export const REDRAW_MS = 100;

/**
 * Progress with time left: `12/56  sf4@g128  0:31 + 1:54` (done/total, what, elapsed + left).
 * `done` is what earlier runs finished: it counts as done but not towards the speed that the time left is taken from.
 * `now` is a clock in milliseconds.
 */
export function createProgress({
  stream,
  total,
  done = 0,
  now = () => performance.now(),
}: {
  stream: ProgressStream;
  total: number;
  done?: number;
  now?: () => number;
}): Progress {
  const start = now();
  const before = done;
  let label = "";
  let step = "";
  let drawnAt = Number.NEGATIVE_INFINITY;
  let onLine = false;

  function line(): string {
    const elapsed = now() - start;
    const left = done > before ? clock((elapsed / (done - before)) * (total - done)) : "?";
    return `${done}/${total}  ${label}  ${clock(elapsed)} + ${left}${step && `  ${step}`}`;
  }

  function draw(): void {
    drawnAt = now();
    // A line that wraps cannot be redrawn: cut it one short of the width.
    stream.write(`\r\x1b[2K${line().slice(0, (stream.columns || 80) - 1)}`);
    onLine = true;
  }

  function tick(): void {
    if (stream.isTTY && done < total && now() - drawnAt >= REDRAW_MS) draw();
  }

  return {
    advance(what) {
      done++;
      label = what;
      step = "";
      if (!stream.isTTY) stream.write(`${line()}\n`);
      else if (done >= total || now() - drawnAt >= REDRAW_MS) draw();
    },
    step(what) {
      // Elsewhere a line is a finished trial.
      if (!stream.isTTY) return;
      step = what;
      tick();
    },
    tick,
    note(text) {
      stream.write(onLine ? `\r\x1b[2K${text}\n` : `${text}\n`);
      onLine = false;
      drawnAt = Number.NEGATIVE_INFINITY;
    },
    end() {
      if (onLine) stream.write("\n");
      onLine = false;
    },
  };
}

/** Milliseconds as `m:ss` or `h:mm:ss`. */
export function clock(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  const [h, m, s] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  const two = (value: number) => String(value).padStart(2, "0");
  return h > 0 ? `${h}:${two(m)}:${two(s)}` : `${m}:${two(s)}`;
}
