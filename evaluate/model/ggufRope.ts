import { UserError } from "../../formats/error.ts";

/**
 * The settings of every Llama 3.1, 3.2 and 3.3 (their config.json); only `factor`, which differs, can be read off the
 * factors themselves: it is the largest.
 */
const LOW_FREQUENCY = 1;
const HIGH_FREQUENCY = 4;
const ORIGINAL_POSITIONS = 8192;
/** Factors are float32; their formula is evaluated in float32 by the converter. */
const TOLERANCE = 1e-5;

/**
 * Finds Llama 3's rope_scaling from the frequency factors that llama.cpp stores in its place (convert_hf_to_gguf.py,
 * LlamaModel.generate_extra_tensors: each rotary frequency is divided by its factor), and checks it on every factor.
 * @returns rope_scaling of config.json; null when every factor is 1
 * @throws UserError when the factors are not those of a Llama 3
 */
export function llama3Scaling(path: string, factors: Float32Array, base: number, headDim: number): object | null {
  const half = headDim / 2;
  const largest = factors.reduce((most, each) => Math.max(most, each), 1);
  const fits =
    factors.length === half &&
    factors.every((found, i) => {
      const expected = factorOf((2 * Math.PI) / base ** (-i / half), largest);
      return Math.abs(found - expected) <= TOLERANCE * expected;
    });
  if (!fits) throw new UserError(`${path}: the frequency factors in rope_freqs.weight are not those of a Llama 3`);
  if (largest === 1) return null;
  return {
    rope_type: "llama3",
    factor: largest,
    low_freq_factor: LOW_FREQUENCY,
    high_freq_factor: HIGH_FREQUENCY,
    original_max_position_embeddings: ORIGINAL_POSITIONS,
  };
}

/** What the frequency of this wavelength (in positions) is divided by (transformers, _compute_llama3_parameters). */
function factorOf(wavelength: number, factor: number): number {
  if (wavelength < ORIGINAL_POSITIONS / HIGH_FREQUENCY) return 1;
  if (wavelength > ORIGINAL_POSITIONS / LOW_FREQUENCY) return factor;
  const smooth = (ORIGINAL_POSITIONS / wavelength - LOW_FREQUENCY) / (HIGH_FREQUENCY - LOW_FREQUENCY);
  return 1 / ((1 - smooth) / factor + smooth);
}
