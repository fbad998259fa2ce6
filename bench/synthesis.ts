/**
 * @file Hardware cost against the limits of its issue: a 4-bit MAC synthesized and proven once Yosys is warm (2 s), the table of the
 * default sweep with nothing cached on two threads (90 s), the same from the committed table (1 s) and from the cache of
 * syntheses, and the count model. Wall-clock seconds: they mean something on a quiet machine only.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { defaultSweepElements, getElement } from "../formats/index.ts";
import {
  diskCache,
  macCostById,
  NO_CACHE,
  synthesizedCostById,
  synthesizeMac,
  tabulatedMac,
  wasmYosys,
} from "../hwmodel/index.ts";
import { show, spread } from "./rounds.ts";

const { values: args } = parseArgs({
  options: { rounds: { type: "string", default: "5" }, formats: { type: "string", default: "28" } },
});
const elements = defaultSweepElements.slice(0, Number(args.formats));
/** The committed table has 256 terms: of 255 nothing is known, and the circuits are the same. */
const UNKNOWN_TERMS = 255;

const seconds = async (work: () => Promise<unknown>): Promise<number> => {
  const started = performance.now();
  await work();
  return (performance.now() - started) / 1000;
};
const line = (what: string, found: string, limit: string) =>
  console.log(`  ${what.padEnd(64)} ${found.padStart(22)}  ${limit}`);

console.log("seconds, median (least–most); the limit");
const yosys = wasmYosys(2);
const e2m1 = getElement("e2m1");
const first = await seconds(() => synthesizeMac(e2m1, e2m1, { yosys }));
line("E2M1 MAC, all structures × recipes, Yosys cold", first.toFixed(2), "");
const warm: number[] = [];
for (let round = 0; round < Number(args.rounds); round++) {
  warm.push(await seconds(() => synthesizeMac(e2m1, e2m1, { yosys, structures: ["float-two-shifts"] })));
}
line("E2M1 MAC, one structure × 4 recipes, synthesized and proven, warm", show(spread(warm), 2), "under 2");
const all: number[] = [];
for (let round = 0; round < Number(args.rounds); round++)
  all.push(await seconds(() => synthesizeMac(e2m1, e2m1, { yosys })));
line("E2M1 MAC, all structures × recipes, synthesized and proven, warm", show(spread(all), 2), "");
await yosys.close();

const table = (terms: number, cache = NO_CACHE, tool = wasmYosys(2)) =>
  seconds(async () => {
    await Promise.all(elements.map((id) => synthesizedCostById(id, id, { yosys: tool, terms, cache })));
    await tool.close();
  });
const folder = await mkdtemp(join(tmpdir(), "bitfrontier-bench-"));
const [user, system] = [process.cpuUsage().user, process.cpuUsage().system];
line(
  `${elements.length} formats, nothing cached, two threads`,
  (await table(UNKNOWN_TERMS, diskCache(folder))).toFixed(1),
  "under 90",
);
const used = process.cpuUsage();
line("  processor seconds of it", ((used.user - user + used.system - system) / 1e6).toFixed(1), "");
line(
  `${elements.length} formats from the cache of syntheses, proven again`,
  (await table(UNKNOWN_TERMS, diskCache(folder))).toFixed(2),
  "",
);
await rm(folder, { recursive: true });
line(`${elements.length} formats from the committed table`, (await table(256)).toFixed(3), "under 1");
line(
  `${elements.length} formats by the count model`,
  (await seconds(async () => elements.map((id) => macCostById(id)))).toFixed(3),
  "",
);

const ratios = ["int4", "e2m1", "e2m1+sr", "e2m1+sp", "apot4", "apot4+sp", "e3m0", "int5"];
console.log("area of a MAC, both operands in the format, over INT4's (committed syntheses)");
for (const library of ["generic", "asap7", "sky130"]) {
  const area = (id: string) => tabulatedMac(id, id, library)!.areaGe;
  console.log(
    `  ${library.padEnd(8)} ${ratios.map((id) => `${id} ${(area(id) / area("int4")).toFixed(3)}`).join("  ")}`,
  );
}
