/**
 * Safetensors files, well-formed and hostile, built byte by byte. Expected outcomes come from the reference
 * (safetensors 0.8.0 for Python was run on every vector); `stricter` marks the ones that it lets pass and we refuse.
 */
export interface Vector {
  readonly title: string;
  readonly bytes: Uint8Array;
}

export interface ValidVector extends Vector {
  /** "name dtype [shape]" in the order of the data. */
  readonly tensors: readonly string[];
}

export interface HostileVector extends Vector {
  /** The reference's error; for our own refusals, words of the message. */
  readonly error: string;
  readonly stricter?: true;
}

/** length (u64, little-endian) + header + `dataBytes` bytes 0, 1, 2, … */
export function safetensors(header: string | Uint8Array, dataBytes = 0, length?: bigint): Uint8Array {
  const text = typeof header === "string" ? new TextEncoder().encode(header) : header;
  const bytes = new Uint8Array(8 + text.length + dataBytes);
  new DataView(bytes.buffer).setBigUint64(0, length ?? BigInt(text.length), true);
  bytes.set(text, 8);
  for (let i = 0; i < dataBytes; i++) bytes[8 + text.length + i] = i;
  return bytes;
}

function entry(dtype: string, shape: string, offsets: string): string {
  return `{"dtype":${dtype},"shape":${shape},"data_offsets":${offsets}}`;
}

const F32 = '"F32"';
const A4 = `{"a":${entry(F32, "[1]", "[0,4]")}}`;

const valid = (title: string, header: string, dataBytes: number, ...tensors: string[]): ValidVector => ({
  title,
  bytes: safetensors(header, dataBytes),
  tensors,
});

export const VALID: readonly ValidVector[] = [
  valid("no tensors at all", "{}", 0),
  valid("one tensor", `{"a":${entry(F32, "[2,2]", "[0,16]")}}`, 16, "a F32 [2,2]"),
  valid("a scalar of rank 0", `{"a":${entry(F32, "[]", "[0,4]")}}`, 4, "a F32 []"),
  valid(
    "zero-size dimensions, two at one offset",
    `{"z":${entry(F32, "[2,0,3]", "[0,0]")},"b":${entry(F32, "[1]", "[0,4]")},"y":${entry(F32, "[0]", "[0,0]")}}`,
    4,
    "z F32 [2,0,3]",
    "y F32 [0]",
    "b F32 [1]",
  ),
  valid("spaces after the header", `${A4}      `, 4, "a F32 [1]"),
  valid("white space before and inside the header", ` \n\t\r${A4.replaceAll(":", " : ")}`, 4, "a F32 [1]"),
  valid(
    "names in another order than the data",
    `{"a":${entry(F32, "[1]", "[4,8]")},"b":${entry('"F16"', "[2]", "[0,4]")}}`,
    8,
    "b F16 [2]",
    "a F32 [1]",
  ),
  valid(
    "an unknown field in an entry",
    `{"a":{"dtype":"F32","note":{"x":[1.5,-2e3,null,true]},"shape":[1],"data_offsets":[0,4]}}`,
    4,
    "a F32 [1]",
  ),
  valid(
    "tensors named like members of Object.prototype",
    `{"__proto__":${entry('"U8"', "[1]", "[0,1]")},"constructor":${entry('"U8"', "[1]", "[1,2]")},"toString":${entry('"U8"', "[1]", "[2,3]")}}`,
    3,
    "__proto__ U8 [1]",
    "constructor U8 [1]",
    "toString U8 [1]",
  ),
  valid(
    "text metadata",
    `{"__metadata__":{"format":"pt","__proto__":"x"},"a":${entry(F32, "[1]", "[0,4]")}}`,
    4,
    "a F32 [1]",
  ),
  valid(
    "float32 at an odd position",
    `{"a":${entry('"BOOL"', "[1]", "[0,1]")},"b":${entry(F32, "[1]", "[1,5]")}}`,
    5,
    "a BOOL [1]",
    "b F32 [1]",
  ),
  valid(
    "sub-byte dtypes that fill whole bytes",
    `{"a":${entry('"F4"', "[2]", "[0,1]")},"b":${entry('"F6_E2M3"', "[4]", "[1,4]")}}`,
    4,
    "a F4 [2]",
    "b F6_E2M3 [4]",
  ),
  valid(
    "escapes and astral characters in a name",
    `{"\\u00e9\\ud83d\\ude00é\\n":${entry(F32, "[1]", "[0,4]")}}`,
    4,
    "é😀é\n F32 [1]",
  ),
  valid("null metadata", `{"__metadata__":null,"a":${entry(F32, "[1]", "[0,4]")}}`, 4, "a F32 [1]"),
];

const hostile = (
  title: string,
  error: string,
  header: string | Uint8Array,
  dataBytes = 4,
  length?: bigint,
): HostileVector => ({
  title,
  error,
  bytes: safetensors(header, dataBytes, length),
});
const stricter = (title: string, error: string, header: string | Uint8Array, dataBytes = 4): HostileVector => ({
  ...hostile(title, error, header, dataBytes),
  stricter: true,
});
const raw = (title: string, error: string, content: string): HostileVector => ({
  title,
  error,
  bytes: new TextEncoder().encode(content),
});
const withEntry = (text: string): string => `{"a":${text}}`;
const pair = (first: string, second: string): string =>
  `{"a":${entry(F32, "[1]", first)},"b":${entry(F32, "[1]", second)}}`;
const JSON_ERROR = "InvalidHeaderDeserialization";
const bytesOf = (text: string, ...replace: [number, number][]): Uint8Array => {
  const bytes = new TextEncoder().encode(text);
  for (const [index, value] of replace) bytes[index] = value;
  return bytes;
};

export const HOSTILE: readonly HostileVector[] = [
  raw("an empty file", "HeaderTooSmall", ""),
  raw("seven bytes", "HeaderTooSmall", "\u0002\0\0\0\0\0\0"),
  hostile("a header length of 2^64 - 1", "HeaderTooLarge", "{}", 0, 2n ** 64n - 1n),
  hostile("a header length of 2^63", "HeaderTooLarge", "{}", 0, 2n ** 63n),
  hostile("a header length that a double rounds", "HeaderTooLarge", "{}", 0, 2n ** 53n + 1n),
  hostile("a header length of 100,000,001", "HeaderTooLarge", "{}", 0, 100_000_001n),
  hostile("a header longer than the file", "InvalidHeaderLength", "{}", 0, 3n),
  hostile("a header of 100 MB in a short file", "InvalidHeaderLength", "{}", 0, 100_000_000n),
  hostile("an empty header", JSON_ERROR, "", 0),
  hostile("a byte that is never UTF-8", "InvalidHeader]", bytesOf(A4, [2, 0xff])),
  hostile("an overlong UTF-8 sequence", "InvalidHeader]", bytesOf(A4.replace("a", "aa"), [2, 0xc0], [3, 0xaf])),
  hostile("a surrogate in UTF-8", "InvalidHeader]", bytesOf(A4.replace("a", "aaa"), [2, 0xed], [3, 0xa0], [4, 0x80])),
  hostile("a byte order mark", JSON_ERROR, `\ufeff${A4}`),
  hostile("text after the object", JSON_ERROR, `${A4}x`),
  hostile("a second object", JSON_ERROR, `${A4}{}`),
  hostile("padding with NUL", JSON_ERROR, `${A4}\0\0\0`),
  hostile("an unclosed object", JSON_ERROR, A4.slice(0, -1)),
  hostile("an array as header", JSON_ERROR, "[]", 0),
  hostile("null as header", JSON_ERROR, "null", 0),
  hostile("text as header", JSON_ERROR, '"a"', 0),
  hostile("single quotes", JSON_ERROR, A4.replaceAll('"', "'")),
  hostile("a trailing comma", JSON_ERROR, A4.replace("]}}", "]},}")),
  hostile("a comment", JSON_ERROR, `/* */${A4}`),
  hostile("an unquoted key", JSON_ERROR, A4.replace('"a"', "a")),
  hostile("a control character in a name", JSON_ERROR, A4.replace("a", "\u0001")),
  hostile("a lone surrogate escape", JSON_ERROR, A4.replace("a", "\\ud800")),
  hostile("a bad escape", JSON_ERROR, A4.replace("a", "\\x41")),
  hostile("NaN", JSON_ERROR, withEntry(entry(F32, "[NaN]", "[0,4]"))),
  hostile("deep nesting", JSON_ERROR, `{"a":${"[".repeat(200_000)}${"]".repeat(200_000)}}`, 0),
  hostile("an unknown dtype", JSON_ERROR, withEntry(entry('"F33"', "[1]", "[0,4]"))),
  hostile("a dtype in lower case", JSON_ERROR, withEntry(entry('"f32"', "[1]", "[0,4]"))),
  hostile("the dtype constructor", JSON_ERROR, withEntry(entry('"constructor"', "[1]", "[0,4]"))),
  hostile("a number as dtype", JSON_ERROR, withEntry(entry("0", "[1]", "[0,4]"))),
  hostile("no dtype", JSON_ERROR, withEntry('{"shape":[1],"data_offsets":[0,4]}')),
  hostile("no shape", JSON_ERROR, withEntry('{"dtype":"F32","data_offsets":[0,4]}')),
  hostile("no data_offsets", JSON_ERROR, withEntry('{"dtype":"F32","shape":[1]}')),
  hostile("a negative dimension", JSON_ERROR, withEntry(entry(F32, "[-1]", "[0,4]"))),
  hostile("the dimension -0", JSON_ERROR, withEntry(entry(F32, "[-0]", "[0,0]")), 0),
  hostile("the dimension 1.0", JSON_ERROR, withEntry(entry(F32, "[1.0]", "[0,4]"))),
  hostile("the dimension 1e0", JSON_ERROR, withEntry(entry(F32, "[1e0]", "[0,4]"))),
  hostile("the dimension 01", JSON_ERROR, withEntry(entry(F32, "[01]", "[0,4]"))),
  hostile("a dimension in quotes", JSON_ERROR, withEntry(entry(F32, '["1"]', "[0,4]"))),
  hostile("a dimension of 2^64", JSON_ERROR, withEntry(entry(F32, "[18446744073709551616]", "[0,4]"))),
  hostile("a dimension of a million digits", JSON_ERROR, withEntry(entry(F32, `[1${"0".repeat(1e6)}]`, "[0,4]"))),
  hostile("three offsets", JSON_ERROR, withEntry(entry(F32, "[1]", "[0,4,4]"))),
  hostile("one offset", JSON_ERROR, withEntry(entry(F32, "[1]", "[0]"))),
  hostile("a negative offset", JSON_ERROR, withEntry(entry(F32, "[1]", "[-4,0]"))),
  hostile("metadata with a number", JSON_ERROR, '{"__metadata__":{"a":1}}', 0),
  hostile("a list as metadata", JSON_ERROR, '{"__metadata__":["a"]}', 0),
  hostile("a number in place of an entry", JSON_ERROR, withEntry("4")),
  hostile("reversed offsets", "InvalidOffset", withEntry(entry(F32, "[1]", "[4,0]"))),
  hostile("a first tensor that does not start at 0", "InvalidOffset", withEntry(entry(F32, "[1]", "[4,8]")), 8),
  hostile("overlapping tensors", "InvalidOffset", pair("[0,4]", "[2,6]"), 6),
  hostile("two tensors on the same bytes", "InvalidOffset", pair("[0,4]", "[0,4]"), 4),
  hostile("a hole between tensors", "InvalidOffset", pair("[0,4]", "[8,12]"), 12),
  hostile(
    "offsets that a double rounds",
    "TensorInvalidInfo",
    withEntry(entry('"U8"', "[9007199254740992]", "[0,9007199254740993]")),
  ),
  hostile("fewer bytes than the shape needs", "TensorInvalidInfo", withEntry(entry(F32, "[2]", "[0,4]"))),
  hostile("more bytes than the shape needs", "TensorInvalidInfo", withEntry(entry(F32, "[1]", "[0,8]")), 8),
  hostile(
    "a shape whose product overflows",
    "ValidationOverflow",
    withEntry(entry(F32, "[4294967296,4294967296]", "[0,0]")),
    0,
  ),
  hostile(
    "a size in bits that overflows",
    "ValidationOverflow",
    withEntry(entry(F32, "[1152921504606846976]", "[0,4]")),
  ),
  hostile("an odd count of 4-bit numbers", "MisalignedSlice", withEntry(entry('"F4"', "[3]", "[0,2]")), 2),
  hostile("one byte after the last tensor", "MetadataIncompleteBuffer", A4, 5),
  hostile("data without tensors", "MetadataIncompleteBuffer", "{}", 1),
  hostile("one byte missing at the end", "MetadataIncompleteBuffer", A4, 3),
  stricter("a repeated name", "duplicate key", `{"a":${entry(F32, "[1]", "[0,4]")},"a":${entry(F32, "[1]", "[0,4]")}}`),
  stricter(
    "a name repeated as an escape",
    "duplicate key",
    `{"a":${entry(F32, "[1]", "[0,4]")},"\\u0061":${entry(F32, "[1]", "[0,4]")}}`,
  ),
  hostile(
    "a repeated dtype",
    "duplicate key",
    withEntry('{"dtype":"F32","dtype":"F32","shape":[1],"data_offsets":[0,4]}'),
  ),
  hostile("repeated metadata", "duplicate key", '{"__metadata__":{},"__metadata__":{}}', 0),
  stricter("an entry written as a list", JSON_ERROR, withEntry('["F32",[1],[0,4]]')),
  raw(
    "a Git LFS pointer",
    "Git LFS pointer",
    `version https://git-lfs.github.com/spec/v1\noid sha256:${"0".repeat(64)}\nsize 4\n`,
  ),
  raw("an HTML page", "web page", "\n<!DOCTYPE html>\n<html><body>Sign in</body></html>"),
  raw("an XML error of object storage", "web page", '<?xml version="1.0"?><Error><Code>AccessDenied</Code></Error>'),
];
