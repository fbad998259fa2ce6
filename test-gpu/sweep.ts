import * as ort from "onnxruntime-node";
import { type FoundDevice, probeDevice } from "../evaluate/engine/devices.ts";
import { holdsState } from "../evaluate/engine/residence.ts";
import type { Device } from "../evaluate/engine/session.ts";
import { prepareSweep } from "../evaluate/prepare.ts";
import { defaultConfig } from "../evaluate/sweep/index.ts";
import type { Row } from "../evaluate/trial/row.ts";
import { type Check, relativeError } from "./check.ts";

/** Of perplexities on weights rounded by the host, which are bit for bit the same. */
const SAME_WEIGHTS = 1e-5;
/** Where the device rounds: a few numbers may be at the neighbouring level. */
const ROUNDED_THERE = 1e-4;

interface Made {
  row: Row;
  /** To the device, as a share of the model at full precision. */
  uploaded: number;
}

/** A small sweep: trials whose weights the host rounds, and the same rounded on the device, beside the CPU's. */
export async function* sweepChecks(device: Device): AsyncGenerator<Check> {
  const here = await trials("cpu", ["rtn"]);
  const there = await trials(device, holdsState({ device }) ? ["rtn", "rtn:device"] : ["rtn"]);
  for (const { row, uploaded } of there.values()) {
    const host = here.get(nameOf({ ...row, method: row.method === "rtn:device" ? "rtn" : row.method }))!.row;
    const rounded = row.method === "rtn:device";
    const error = relativeError([row.perplexity!, row.weightMse], [host.perplexity!, host.weightMse]);
    const what = `sweep of reference: ${nameOf(row)}: perplexity and error of the weights`;
    yield { what, error, tolerance: rounded ? ROUNDED_THERE : SAME_WEIGHTS, elsewhere: "" };
    if (rounded)
      yield {
        what: `sweep of reference: ${nameOf(row)}: share of the model sent`,
        error: uploaded,
        tolerance: 0.01,
        elsewhere: "",
      };
  }
}

const nameOf = ({ format, method }: Pick<Row, "format" | "method">) =>
  method === "none" ? format : `${format} ${method}`;

async function trials(where: Device, methods: string[]): Promise<Map<string, Made>> {
  const config = {
    ...{ ...defaultConfig, models: ["reference"], formats: ["sf4", "nvfp4", "bitmod4"], groups: [64], methods },
    ...{ tasks: ["perplexity:reference"], context: 64, limitWindows: 2 },
  };
  const found = (await probeDevice(where)).found as FoundDevice;
  const made = new Map<string, Made>();
  await counting(async (bytes) => {
    const prepared = await prepareSweep(config, { device: found });
    for (const trial of prepared.plan) {
      const before = bytes();
      const row = await prepared.runTrial(trial);
      made.set(nameOf(row), { row, uploaded: bytes() - before });
    }
    await prepared.rest();
  });
  // The first trial sends the model, to a device that can hold it.
  const model = made.get("fp32")!.uploaded;
  for (const each of made.values()) each.uploaded /= Math.max(1, model);
  return made;
}

/** Counts the bytes that sessions are fed from the host while `work` runs. */
async function counting(work: (bytes: () => number) => Promise<void>): Promise<void> {
  const { create } = ort.InferenceSession;
  let bytes = 0;
  const counted = async (...given: Parameters<typeof create>) => {
    const session = await create.apply(ort.InferenceSession, given);
    const run = session.run.bind(session);
    session.run = (feeds: ort.InferenceSession.FeedsType, ...rest: never[]) => {
      for (const tensor of Object.values(feeds))
        if (tensor.location === "cpu") bytes += (tensor.data as Float32Array).byteLength;
      return run(feeds, ...rest);
    };
    return session;
  };
  Object.assign(ort.InferenceSession, { create: counted });
  try {
    await work(() => bytes);
  } finally {
    Object.assign(ort.InferenceSession, { create });
  }
}
