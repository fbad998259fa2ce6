/** WebAssembly instructions as bytes: as much of an assembler as the rounding program needs. An expression leaves one value. */
export type Code = readonly number[];

/** Opcodes after the SIMD prefix, WebAssembly 2.0, section 5.4.9. */
const simd = {
  i8x16Swizzle: 14,
  f32x4Le: 69,
  f32x4Ge: 70,
  and: 78,
  andNot: 79,
  or: 80,
  bitSelect: 82,
  demoteZero: 94,
  promoteLow: 95,
  i8x16Neg: 97,
  i8x16Narrow: 101,
  i16x8Narrow: 133,
  i32x4Add: 174,
  i32x4MaxU: 185,
  f32x4Add: 228,
  f32x4Sub: 229,
  f32x4Mul: 230,
  f32x4Div: 231,
  f32x4Pmin: 234,
  f32x4Pmax: 235,
  f64x2Add: 240,
  f64x2Sub: 241,
  f64x2Mul: 242,
} as const;

/** A SIMD instruction on vectors. */
export function vector(name: keyof typeof simd, ...operands: Code[]): Code {
  return [...operands.flat(), 0xfd, ...unsigned(simd[name])];
}

export const get = (local: number): Code => [0x20, ...unsigned(local)];
export const set = (local: number, value: Code): Code => [...value, 0x21, ...unsigned(local)];
export const int = (value: number): Code => [0x41, ...signed(value)];
export const addInt = (a: Code, b: Code): Code => [...a, ...b, 0x6a];
export const loadVector = (address: Code, offset = 0): Code => [...address, 0xfd, 0, 4, ...unsigned(offset)];
export const storeVector = (address: Code, offset: number, value: Code): Code => [
  ...address,
  ...value,
  0xfd,
  11,
  4,
  ...unsigned(offset),
];
/** The float32 at an address in all four lanes. */
export const splatFloat = (address: Code, offset: number): Code => [...address, 0xfd, 9, 2, ...unsigned(offset)];
export const constVector = (bytes: readonly number[]): Code => [0xfd, 12, ...bytes];
export const zeroVector = constVector(new Array(16).fill(0));
/** Lanes 0 … 15 are the bytes of `a`, 16 … 31 those of `b`. */
export const shuffle = (a: Code, b: Code, lanes: readonly number[]): Code => [...a, ...b, 0xfd, 13, ...lanes];
/** Runs `body` once, and again while the int local `at` is below `end` (unsigned). */
export const doWhileBelow = (at: number, end: number, ...body: Code[]): Code => [
  ...[0x03, 0x40],
  ...body.flat(),
  ...[...get(at), ...get(end), 0x49, 0x0d, 0],
  0x0b,
];

/** A function of int parameters and no result; locals after the parameters are ints, then vectors. */
export interface WasmFunction {
  name: string;
  parameters: number;
  ints: number;
  vectors: number;
  body: Code;
}

/** A module that exports its memory as `memory` and the functions by name. */
export function assemble(pages: number, functions: readonly WasmFunction[]): Uint8Array<ArrayBuffer> {
  const types = functions.map(({ parameters }) => [0x60, ...list(new Array(parameters).fill([0x7f])), 0]);
  const exports = functions.map(({ name }, i) => [...text(name), 0, i]);
  const codes = functions.map(({ ints, vectors, body }) => bytes([2, ints, 0x7f, vectors, 0x7b, ...body, 0x0b]));
  return Uint8Array.from([
    ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, list(types)),
    ...section(3, list(functions.map((_, i) => [i]))),
    ...section(5, list([[0, ...unsigned(pages)]])),
    ...section(7, list([[...text("memory"), 2, 0], ...exports])),
    ...section(10, list(codes)),
  ]);
}

/** As much of the WebAssembly API as is needed: the types of Node leave it to the DOM. */
interface WebAssemblyApi {
  Module: new (code: Uint8Array) => object;
  Instance: new (module: object) => { exports: object };
}

/** The exports of a module of these functions, where WebAssembly has SIMD, as every Node that we serve has. */
export function instantiate<Exports>(pages: number, functions: readonly WasmFunction[]): Exports {
  const { Module, Instance } = (globalThis as unknown as { WebAssembly: WebAssemblyApi }).WebAssembly;
  return new Instance(new Module(assemble(pages, functions))).exports as Exports;
}

function section(id: number, content: Code): Code {
  return [id, ...bytes(content)];
}

function bytes(content: Code): Code {
  return [...unsigned(content.length), ...content];
}

function list(items: readonly Code[]): Code {
  return [...unsigned(items.length), ...items.flat()];
}

function text(name: string): Code {
  return bytes([...name].map((letter) => letter.charCodeAt(0)));
}

/** LEB128. */
function unsigned(value: number): Code {
  return value < 128 ? [value] : [(value & 127) | 128, ...unsigned(value >>> 7)];
}

function signed(value: number): Code {
  return value >= -64 && value < 64 ? [value & 127] : [(value & 127) | 128, ...signed(value >> 7)];
}
