import type { Products } from "./products.ts";

/** Columns factored together here: their rows of the factor stay in the second-level cache. */
const PANEL = 32;
/** Columns for which all columns before them are subtracted by one matrix product of the engine. */
const WIDE_PANEL = 128;
/** Numbers between two rows of a panel copied out: half a cache line. */
const PADDING = 4;

/**
 * The lower triangle L of A = L Lᵀ for a symmetric A, row-major [n, n], in float64 and in place (the upper triangle
 * becomes zero). Returns false, leaving `a` spoilt, when a pivot is not above zero: A is not positive definite.
 */
export async function cholesky(a: Float64Array, n: number, products: Products): Promise<boolean> {
  for (let from = 0; from < n; from += WIDE_PANEL) {
    const to = Math.min(from + WIDE_PANEL, n);
    if (from > 0) await subtractBefore(a, n, from, to, products);
    if (!factorPanel(a, n, from, to)) return false;
  }
  for (let i = 0; i < n; i++) a.fill(0, i * n + i + 1, (i + 1) * n);
  return true;
}

/** a[from …][from … to] −= rows from … times rows from … to, over the columns before `from`. */
async function subtractBefore(a: Float64Array, n: number, from: number, to: number, products: Products): Promise<void> {
  const width = to - from;
  const left = new Float64Array((n - from) * from);
  const right = new Float64Array(from * width);
  for (let i = from; i < n; i++) left.set(a.subarray(i * n, i * n + from), (i - from) * from);
  for (let j = from; j < to; j++) for (let k = 0; k < from; k++) right[k * width + j - from] = a[j * n + k]!;
  const product = await products.multiply(left, right, n - from, from, width);
  for (let i = from; i < n; i++) {
    for (let j = from; j < to; j++) a[i * n + j]! -= product[(i - from) * width + j - from]!;
  }
}

/** Factors columns start … end, from whose rows all columns before `start` are already subtracted. */
function factorPanel(a: Float64Array, n: number, start: number, end: number): boolean {
  const width = end - start;
  const height = n - start;
  // Rows a power of two apart would share a few cache sets, and rows of the whole matrix a page each.
  const stride = width + PADDING;
  const panel = new Float64Array(height * stride);
  for (let i = 0; i < height; i++) {
    const at = (start + i) * n + start;
    panel.set(a.subarray(at, at + width), i * stride);
  }
  if (!factorColumns(panel, stride, height, width)) return false;
  for (let i = 0; i < height; i++) a.set(panel.subarray(i * stride, i * stride + width), (start + i) * n + start);
  return true;
}

/** The same of the first `width` columns of `height` rows that lie `stride` apart. */
function factorColumns(a: Float64Array, stride: number, height: number, width: number): boolean {
  for (let from = 0; from < width; from += PANEL) {
    const to = Math.min(from + PANEL, width);
    for (let i = from; i < height && from > 0; i += 4) {
      for (let j = from; j < to; j += 4) {
        if (i + 4 <= height && j + 4 <= to) subtractTile(a, stride, i, j, from);
        else subtractEdge(a, stride, height, i, j, to, from);
      }
    }
    for (let j = from; j < to; j++) {
      const own = j * stride + from;
      const pivot = a[own + j - from]! - dot(a, own, own, j - from);
      if (!(pivot > 0 && pivot < Number.POSITIVE_INFINITY)) return false;
      const root = Math.sqrt(pivot);
      a[own + j - from] = root;
      for (let i = j + 1; i < height; i++) {
        const row = i * stride + from;
        a[row + j - from] = (a[row + j - from]! - dot(a, row, own, j - from)) / root;
      }
    }
  }
  return true;
}

/** What `subtractTile` does, where fewer than four rows or columns are left. */
function subtractEdge(a: Float64Array, n: number, height: number, i: number, j: number, to: number, count: number) {
  for (let y = i; y < Math.min(i + 4, height); y++) {
    for (let x = j; x < Math.min(j + 4, to); x++) a[y * n + x]! -= dot(a, y * n, x * n, count);
  }
}

/** a[i … i+4][j … j+4] −= rows i … times rows j …, over the first `count` columns; rows are `n` apart. */
function subtractTile(a: Float64Array, n: number, i: number, j: number, count: number): void {
  // No destructuring: V8 made an array of each list, and factoring took twice as long.
  const i0 = i * n;
  const i1 = i0 + n;
  const i2 = i1 + n;
  const i3 = i2 + n;
  const j0 = j * n;
  const j1 = j0 + n;
  const j2 = j1 + n;
  const j3 = j2 + n;
  let s00 = 0;
  let s01 = 0;
  let s02 = 0;
  let s03 = 0;
  let s10 = 0;
  let s11 = 0;
  let s12 = 0;
  let s13 = 0;
  let s20 = 0;
  let s21 = 0;
  let s22 = 0;
  let s23 = 0;
  let s30 = 0;
  let s31 = 0;
  let s32 = 0;
  let s33 = 0;
  for (let k = 0; k < count; k++) {
    const x0 = a[i0 + k]!;
    const x1 = a[i1 + k]!;
    const x2 = a[i2 + k]!;
    const x3 = a[i3 + k]!;
    const y0 = a[j0 + k]!;
    s00 += x0 * y0;
    s10 += x1 * y0;
    s20 += x2 * y0;
    s30 += x3 * y0;
    const y1 = a[j1 + k]!;
    s01 += x0 * y1;
    s11 += x1 * y1;
    s21 += x2 * y1;
    s31 += x3 * y1;
    const y2 = a[j2 + k]!;
    s02 += x0 * y2;
    s12 += x1 * y2;
    s22 += x2 * y2;
    s32 += x3 * y2;
    const y3 = a[j3 + k]!;
    s03 += x0 * y3;
    s13 += x1 * y3;
    s23 += x2 * y3;
    s33 += x3 * y3;
  }
  subtractFour(a, i0 + j, s00, s01, s02, s03);
  subtractFour(a, i1 + j, s10, s11, s12, s13);
  subtractFour(a, i2 + j, s20, s21, s22, s23);
  subtractFour(a, i3 + j, s30, s31, s32, s33);
}

function subtractFour(a: Float64Array, at: number, b0: number, b1: number, b2: number, b3: number): void {
  a[at]! -= b0;
  a[at + 1]! -= b1;
  a[at + 2]! -= b2;
  a[at + 3]! -= b3;
}

/** Σ a[x + k] a[y + k] over k < count; four sums, so that no addition waits for the one before. */
function dot(a: Float64Array, x: number, y: number, count: number): number {
  let s0 = 0;
  let s1 = 0;
  let s2 = 0;
  let s3 = 0;
  let k = 0;
  for (; k + 4 <= count; k += 4) {
    s0 += a[x + k]! * a[y + k]!;
    s1 += a[x + k + 1]! * a[y + k + 1]!;
    s2 += a[x + k + 2]! * a[y + k + 2]!;
    s3 += a[x + k + 3]! * a[y + k + 3]!;
  }
  for (; k < count; k++) s0 += a[x + k]! * a[y + k]!;
  return s0 + s1 + (s2 + s3);
}

/**
 * The upper triangle R of A = R Rᵀ: the factorization from the last column backwards. Its inverse is the Uᵀ-free half of
 * A⁻¹ = R⁻ᵀ R⁻¹, so that what GPTQ takes from chol(A⁻¹) needs no inverse. Null when A is not positive definite.
 */
export async function reverseCholesky(a: Float64Array, n: number, products: Products): Promise<Float64Array | null> {
  // Reversing rows and columns is reversing the array.
  const lower = a.slice().reverse();
  return (await cholesky(lower, n, products)) ? lower.reverse() : null;
}

/** Solves x Rᵀ = y for each row y of `rhs` [rows, n], in place; R upper triangular. */
export function solveTransposed(r: Float64Array, n: number, rhs: Float64Array): void {
  for (let row = 0; row < rhs.length; row += n) {
    for (let j = n - 1; j >= 0; j--) {
      let sum = rhs[row + j]!;
      for (let k = j + 1; k < n; k++) sum -= r[j * n + k]! * rhs[row + k]!;
      rhs[row + j] = sum / r[j * n + j]!;
    }
  }
}

/** Solves x R = y for each row y of `rhs` [rows, n], in place; R upper triangular. */
export function solveUpper(r: Float64Array, n: number, rhs: Float64Array): void {
  for (let row = 0; row < rhs.length; row += n) {
    for (let j = 0; j < n; j++) {
      const x = rhs[row + j]! / r[j * n + j]!;
      rhs[row + j] = x;
      for (let k = j + 1; k < n; k++) rhs[row + k]! -= x * r[j * n + k]!;
    }
  }
}
