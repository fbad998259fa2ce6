import { closeSync, mkdtempSync, openSync, readSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { UserError } from "../../formats/error.ts";
import { isSystemError, systemReason } from "./files.ts";

/** Bytes of activations that wait in memory, what is more waits in a file: what a 135 M model needs for 16 windows of 2048 tokens. */
export const WAITING_BYTES = 256 * 1024 * 1024;

/** Activations of a text that wait for their use: an array for each key and window. */
export interface Waiting {
  /** Copies the arrays of windows `first`, `first` + 1, …, `count` of them, which lie one after another in `data`. */
  write(key: string, first: number, count: number, data: Float32Array): void;
  /** Copies them back to the start of `into`. */
  read(key: string, first: number, count: number, into: Float32Array): void;
  drop(key: string, first: number, count: number): void;
  release(): void;
}

/** An array in memory, or as many numbers from byte `at` of the file. */
type Place = Float32Array | { readonly at: number; readonly length: number };

/**
 * At most `mostBytes` in memory, the rest in a temporary file, which has no name where the system allows that, so that
 * nothing is left of it whatever ends the process. Arrays that were dropped make room for others of their length. Throws
 * UserError where the disk refuses.
 */
export function createWaiting(mostBytes = WAITING_BYTES): Waiting {
  const places = new Map<string, Place>();
  const free = new Map<number, Place[]>();
  let inMemory = 0;
  let [file, end]: [ReturnType<typeof openTemporary> | null, number] = [null, 0];

  function place(length: number): Place {
    const found = free.get(length)?.pop();
    if (found) return found;
    if (inMemory + 4 * length <= mostBytes) {
      inMemory += 4 * length;
      return new Float32Array(length);
    }
    file ??= openTemporary();
    end += 4 * length;
    return { at: end - 4 * length, length };
  }

  return {
    write(key, first, count, data) {
      const length = data.length / count;
      for (let i = 0; i < count; i++) {
        const name = `${key} ${first + i}`;
        const to = places.get(name) ?? place(length);
        const part = data.subarray(i * length, (i + 1) * length);
        if (to instanceof Float32Array) to.set(part);
        else file!.write(part, to.at);
        places.set(name, to);
      }
    },
    read(key, first, count, into) {
      for (let i = 0; i < count; i++) {
        const from = places.get(`${key} ${first + i}`);
        if (!from) throw new Error(`internal: no activations ${key} of window ${first + i}`);
        const length = into.length / count;
        const part = into.subarray(i * length, (i + 1) * length);
        if (from instanceof Float32Array) part.set(from);
        else file!.read(part, from.at);
      }
    },
    drop(key, first, count) {
      for (let i = 0; i < count; i++) {
        const name = `${key} ${first + i}`;
        const unused = places.get(name);
        if (!unused) continue;
        places.delete(name);
        free.set(unused.length, [...(free.get(unused.length) ?? []), unused]);
      }
    },
    release() {
      places.clear();
      free.clear();
      file?.close();
      [file, end, inMemory] = [null, 0, 0];
    },
  };
}

function openTemporary() {
  const refused = (what: string, error: unknown) =>
    isSystemError(error)
      ? new UserError(`activations that wait: cannot ${what} a file in ${tmpdir()}: ${systemReason(error)}`)
      : error;
  const whole = (what: string, x: Float32Array, move: (bytes: Uint8Array, done: number) => number) => {
    const bytes = new Uint8Array(x.buffer, x.byteOffset, x.byteLength);
    try {
      for (let done = 0; done < bytes.length; ) {
        const moved = move(bytes.subarray(done), done);
        if (moved === 0) throw new Error("internal: the file of waiting activations is too short");
        done += moved;
      }
    } catch (error) {
      throw refused(what, error);
    }
  };
  let folder: string;
  let descriptor: number;
  try {
    folder = mkdtempSync(join(tmpdir(), "bitfrontier-"));
    descriptor = openSync(join(folder, "activations"), "w+");
  } catch (error) {
    throw refused("make", error);
  }
  // Windows does not remove what is open.
  const remove = () => rmSync(folder, { recursive: true, force: true });
  if (process.platform !== "win32") remove();
  return {
    read(into: Float32Array, at: number) {
      whole("read", into, (bytes, done) => readSync(descriptor, bytes, 0, bytes.length, at + done));
    },
    write(from: Float32Array, at: number) {
      whole("write", from, (bytes, done) => writeSync(descriptor, bytes, 0, bytes.length, at + done));
    },
    close() {
      closeSync(descriptor);
      remove();
    },
  };
}
