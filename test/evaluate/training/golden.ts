import { readFileSync } from "node:fs";
import { join } from "node:path";
import { packageRoot } from "../../../evaluate/model/index.ts";

/** Losses and gradients by torch's autograd in float64 (make-training.py), and the numpy file they were compared with. */
export interface Golden {
  B: number;
  T: number;
  V: number;
  teacher: number[];
  student: number[];
  labels: number[];
  gamma: number;
  losses: Record<string, { value: number; gradient: number[] }>;
  numpy: {
    kd_logit_mean: number;
    kd_tsld_sum: number;
    llmqat_kl_batchmean: number;
    cakld: { gamma_code_maxprob: number; gamma_paper_labelprob: number; loss_gamma_code: number };
    lsq: { alpha: number; x: number[]; q: number[]; dalpha: number[]; grad_scale: number };
    spsa: { theta: number[]; z: number[]; eps: number; projected: number; grad: number[] };
  };
  rows: number;
  cols: number;
  group: number;
  W: number[];
  G: number[];
  through: Record<string, { q: number[]; gradient: number[] }>;
  X: number[];
  gX: number[];
  offset: Record<"scale" | "offset" | "q" | "gradient" | "dScale" | "dOffset", number[]>;
  elastic: Record<
    string,
    { levels: number[]; unsigned: boolean; scale: number; q: number[]; dX: number[]; dScale: number }
  >;
  layers: Record<"hidden" | "scores", { value: number; gradient: number[] }> & {
    shape: number[];
    teacher: number[];
    student: number[];
  };
  learned: Record<string, { scale: number[]; q: number[]; gradient: number[]; dScale: number[] }>;
}

export const golden = JSON.parse(
  readFileSync(join(packageRoot(), "test", "golden", "training.golden.json"), "utf8"),
) as Golden;
