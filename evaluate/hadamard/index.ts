export { CHOICE_TOKENS, losesLess, type RoundedValues } from "./choice.ts";
export { applyHadamard, type Hadamard, hadamard, largestBlock } from "./hadamard.ts";
export { hadamardRotation, type Rotation } from "./rotation.ts";
