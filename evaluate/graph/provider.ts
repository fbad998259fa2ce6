/** Execution providers of onnxruntime that a graph can be made for. */
export const providers = ["cpu", "webgpu", "cuda", "dml", "coreml"] as const;
export type Provider = (typeof providers)[number];
