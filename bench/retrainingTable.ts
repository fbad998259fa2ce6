/** @file The tables of bench/retraining.ts, from its lines alone. */

/** One trained or rounded model on the test windows. */
export interface Line {
  model: string;
  format: string;
  /** What activations and cache were rounded to in training and test; absent at full precision. */
  activation?: string;
  kv?: string;
  method: string;
  /** Budget; 0 where nothing was trained. */
  tokens: number;
  rate: number | null;
  seed: number;
  heldoutLoss: number | null;
  /** Mean loss of each test window, nats per token. */
  losses: number[];
  /** Why there is none. */
  failed?: string;
}

/** Of one setting, method and budget: the rate with the least held-out loss, windows being means over its seeds. */
interface Chosen extends Line {
  setting: string;
  rates: number;
  seeds: number;
  seedSpread: number | null;
}

const PAIRS = [
  ["tsld-only", "logit-kd"],
  ["tsld", "ce"],
  ["tsld", "logit-kd"],
  ["tsld-mean", "logit-kd"],
  ["cakld", "forward-kl"],
  ["cakld", "logit-kd"],
  ["cakld", "reverse-kl"],
  ["reverse-kl", "forward-kl"],
  ["reverse-kl", "logit-kd"],
  ["bitdistiller", "cakld"],
  ["bitdistiller", "tsld"],
  ["paretoq", "ce"],
  ["qad", "ce"],
  ["learned-levels", "logit-kd"],
  ["l4q", "lr-qat"],
  ["roste", "ce"],
  ["roste", "roste-rotated"],
  ["roste-cache", "roste"],
  ["roste-clip", "roste"],
  ["lr-qat-8bit", "lr-qat"],
  ["zeroqat-start", "zeroqat"],
  ["btt-elastic", "btt"],
  ["teacher-intervention", "layer-kd"],
];

export function mean(values: readonly number[]): number {
  return values.reduce((a, b) => a + b, 0) / values.length;
}

/** Standard error of a mean. */
function sigma(values: readonly number[]): number {
  const centre = mean(values);
  const squares = values.reduce((sum, value) => sum + (value - centre) ** 2, 0);
  return Math.sqrt(squares / (values.length - 1) / values.length);
}

function chosen(lines: readonly Line[]): Chosen[] {
  const groups = new Map<string, Line[]>();
  for (const line of lines.filter(({ failed }) => !failed)) {
    const key = `${settingOf(line)} ${line.method} ${line.tokens}`;
    groups.set(key, [...(groups.get(key) ?? []), line]);
  }
  return [...groups.values()].map((group) => {
    const tried = group.filter(({ seed }) => seed === 0);
    const first = tried.sort((a, b) => (a.heldoutLoss ?? 0) - (b.heldoutLoss ?? 0))[0]!;
    const runs = group.filter(({ rate }) => rate === first.rate);
    const losses = first.losses.map((_, i) => mean(runs.map((run) => run.losses[i]!)));
    const means = runs.map((run) => mean(run.losses));
    const centre = mean(means);
    const spread =
      runs.length > 1 ? Math.sqrt(means.reduce((s, m) => s + (m - centre) ** 2, 0) / (runs.length - 1)) : null;
    const setting = settingOf(first);
    return { ...first, losses, setting, rates: tried.length, seeds: runs.length, seedSpread: spread };
  });
}

/** What is in few bits: weights, activations, cache. */
function settingOf({ format, activation, kv }: Line): string {
  return [format, activation && `A ${activation}`, kv && `KV ${kv}`].filter(Boolean).join(", ");
}

/** Perplexities, what is recovered of rounding's loss, and differences of recipes, paired over windows, as Markdown. */
export function retrainingTable(lines: readonly Line[]): string {
  const order = [...new Set(lines.map(settingOf))];
  const rows = chosen(lines).sort((a, b) => order.indexOf(a.setting) - order.indexOf(b.setting) || a.tokens - b.tokens);
  const fp = rows.find(({ format, method }) => format === "fp32" && method === "none")!;
  const head =
    "| format | method | tokens | rate | perplexity | Δ nats to fp32 | recovered of RTN's loss | seeds |\n| --- | --- | --- | --- | --- | --- | --- | --- |\n";
  const body = rows.map((row) => {
    const rtn = rows.find(({ setting, method }) => setting === row.setting && method === "rtn");
    const delta = row.losses.map((loss, i) => loss - fp.losses[i]!);
    const perplexity = Math.exp(mean(row.losses));
    const cells = [
      row.setting,
      row.method,
      row.tokens === 0 ? "" : String(row.tokens),
      row.rate === null
        ? ""
        : `${row.rate.toExponential(1).replace(".0", "")}${row.rates > 1 ? ` of ${row.rates}` : ""}`,
      `${perplexity.toPrecision(4)} ± ${(perplexity * sigma(row.losses)).toPrecision(2)}`,
      row === fp ? "" : `${mean(delta).toFixed(4)} ± ${sigma(delta).toFixed(4)}`,
      rtn && row !== rtn
        ? recovered(
            delta,
            rtn.losses.map((loss, i) => loss - fp.losses[i]!),
          )
        : "",
      row.seeds > 1 ? `${row.seeds}, ± ${row.seedSpread!.toFixed(4)}` : "",
    ];
    return `| ${cells.join(" | ")} |\n`;
  });
  const compared = rows.flatMap((row) =>
    PAIRS.flatMap(([method, other]) => {
      const beside = rows.find(
        (each) => each.method === other && each.setting === row.setting && each.tokens === row.tokens,
      );
      if (row.method !== method || !beside) return [];
      const difference = row.losses.map((loss, i) => loss - beside.losses[i]!);
      const seeds =
        row.seedSpread !== null && beside.seedSpread !== null
          ? Math.hypot(row.seedSpread, beside.seedSpread) / Math.sqrt(row.seeds)
          : null;
      return [
        `| ${row.setting} | ${method} − ${other} | ${row.tokens} | ${mean(difference).toFixed(4)} ± ${sigma(difference).toFixed(4)} | ${seeds === null ? "" : `± ${seeds.toFixed(4)}`} |\n`,
      ];
    }),
  );
  const failures = lines
    .filter(({ failed }) => failed)
    .map((line) => `- ${settingOf(line)} ${line.method} rate ${line.rate}: ${line.failed}\n`);
  return [
    `${head}${body.join("")}`,
    `\n| format | difference | tokens | nats (σ over windows, paired) | σ over seeds |\n| --- | --- | --- | --- | --- |\n${compared.join("")}`,
    failures.length > 0 ? `\nDid not run:\n${failures.join("")}` : "",
  ].join("");
}

/** 1 − Δ/Δ_RTN with the standard error of the ratio of paired means. */
function recovered(delta: readonly number[], gap: readonly number[]): string {
  const ratio = mean(delta) / mean(gap);
  const rest = delta.map((d, i) => (d - ratio * gap[i]!) / mean(gap));
  return `${(100 * (1 - ratio)).toFixed(1)} ± ${(100 * sigma(rest)).toFixed(1)} %`;
}
