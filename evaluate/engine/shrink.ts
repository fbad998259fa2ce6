import { UserError } from "../../formats/error.ts";

/** How onnxruntime 1.30 and the drivers below it say that memory does not suffice; they have no error code for it. */
const OUT_OF_MEMORY = [
  /out of (device )?memory|OUT_OF_(DEVICE_|HOST_)?MEMORY|OutOfMemory|not enough memory/i,
  /failed to allocate|bad[_ ]alloc|CUBLAS_STATUS_ALLOC_FAILED/i,
  // WebGPU: a buffer past the limit, and what uses a buffer that could not be made.
  // More elements than 32 bits count, in 1.30.
  /narrowing_error/,
  /exceeds the max buffer size|exceeds the maximum .*binding size|Invalid Buffer .* due to a previous error/i,
];

/** Whether an error of the engine says that the device's memory did not suffice. */
export function isOutOfMemory(error: unknown): boolean {
  return error instanceof Error && OUT_OF_MEMORY.some((pattern) => pattern.test(error.message));
}

/** Told what a reader of the results should know. */
export type Warn = (text: string) => void;

/** Something compiled for a batch size. */
export interface Shrinking<T> {
  /** Gives `work` the compiled thing; when memory does not suffice, one of half the batch, and so on. */
  use<R>(work: (made: T) => Promise<R>): Promise<R>;
  /** What was compiled last; null before the first use. */
  current(): T | null;
  release(): Promise<void>;
}

/** The largest equal parts of a batch that are at most half as large: what is made of them all is what the whole makes. */
export function equalParts(batch: number): number {
  let size = batch >> 1;
  while (size > 1 && batch % size !== 0) size--;
  return size;
}

/**
 * Compiles for `batch` when first used, and for half of it (or what `next` says) each time that making or using it runs out
 * of memory; `work` is then called again. `warn` is told. Throws UserError naming `what` when a batch of one does not fit.
 */
export function shrinking<T extends { release(): Promise<void> }>(
  what: string,
  batch: number,
  make: (batch: number) => Promise<T>,
  warn: Warn = () => {},
  next = (size: number) => size >> 1,
): Shrinking<T> {
  let made: T | undefined;
  let size = batch;
  return {
    async use(work) {
      for (;;) {
        try {
          made ??= await make(size);
          return await work(made);
        } catch (error) {
          if (!isOutOfMemory(error)) throw error;
          await made?.release();
          made = undefined;
          if (size === 1) throw new UserError(`${what}: the device's memory does not suffice even for a batch of 1`);
          const half = next(size);
          warn(`${what}: out of memory with a batch of ${size}; went on with ${half}`);
          size = half;
        }
      }
    },
    current: () => made ?? null,
    async release() {
      await made?.release();
      made = undefined;
    },
  };
}
