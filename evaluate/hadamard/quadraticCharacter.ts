/** χ(x − y) for the elements x, y of a finite field of q elements, by their numbers 0 … q−1, 0 being the zero. */
export type DifferenceCharacter = (x: number, y: number) => -1 | 0 | 1;

/**
 * The quadratic character of GF(q), q an odd prime power: 1 for squares, −1 for the others, 0 for 0. An element's number
 * is that of its polynomial over GF(p) read in base p. Null where q is no odd prime power.
 */
export function quadraticCharacter(q: number): DifferenceCharacter | null {
  const power = primePower(q);
  if (!power || power.prime === 2) return null;
  const { prime, degree } = power;
  const elements = Array.from({ length: q }, (_, number) => digits(number, prime, degree));
  const modulus = irreducible(prime, degree);
  const character = new Int8Array(q).fill(-1);
  character[0] = 0;
  for (const element of elements.slice(1)) {
    character[numberOf(remainder(product(element, element, prime), modulus, prime), prime, degree)] = 1;
  }
  return (x, y) => {
    const difference = elements[x]!.map((digit, i) => (digit - elements[y]![i]! + prime) % prime);
    return character[numberOf(difference, prime, degree)]! as -1 | 0 | 1;
  };
}

function primePower(q: number): { prime: number; degree: number } | null {
  if (!Number.isInteger(q) || q < 2) return null;
  let prime = 2;
  while (q % prime !== 0) prime++;
  let [degree, rest] = [0, q];
  for (; rest % prime === 0; rest /= prime) degree++;
  return rest === 1 ? { prime, degree } : null;
}

/** Coefficients of a polynomial, the constant first. */
type Polynomial = readonly number[];

function digits(number: number, prime: number, count: number): Polynomial {
  return Array.from({ length: count }, (_, i) => Math.floor(number / prime ** i) % prime);
}

function numberOf(polynomial: Polynomial, prime: number, count: number): number {
  let number = 0;
  for (let i = count - 1; i >= 0; i--) number = number * prime + (polynomial[i] ?? 0);
  return number;
}

function product(a: Polynomial, b: Polynomial, prime: number): Polynomial {
  const out = new Array<number>(a.length + b.length - 1).fill(0);
  for (const [i, x] of a.entries()) for (const [j, y] of b.entries()) out[i + j] = (out[i + j]! + x * y) % prime;
  return out;
}

/** The remainder by a monic polynomial. */
function remainder(a: Polynomial, monic: Polynomial, prime: number): Polynomial {
  const [out, degree] = [[...a], monic.length - 1];
  for (let top = out.length - 1; top >= degree; top--) {
    const factor = out[top]!;
    for (let i = 0; i <= degree; i++) {
      const at = top - degree + i;
      out[at] = (out[at]! + (prime - monic[i]!) * factor) % prime;
    }
  }
  return out.slice(0, degree);
}

/** The first monic irreducible polynomial of a degree: no monic one of up to half its degree divides it. */
function irreducible(prime: number, degree: number): Polynomial {
  const monics = (of: number) => Array.from({ length: prime ** of }, (_, n) => [...digits(n, prime, of), 1]);
  const divisors = Array.from({ length: Math.floor(degree / 2) }, (_, i) => monics(i + 1)).flat();
  return monics(degree).find((each) =>
    divisors.every((divisor) => remainder(each, divisor, prime).some((d) => d > 0)),
  )!;
}
