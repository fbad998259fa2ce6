import { UserError } from "../../formats/error.ts";
import { type OpenFile, readFully } from "./readAt.ts";

/** Longest prefix looked at to recognise what people really download in place of weights. */
const SNIFF_BYTES = 512;

/**
 * Recognises a Git LFS pointer or a web page in the place of weights.
 * @throws UserError naming the file and what it is instead
 */
export function refuseLookAlikes(file: OpenFile): void {
  const head = new Uint8Array(Math.min(SNIFF_BYTES, file.size));
  readFully(file, head, 0);
  const text = new TextDecoder("latin1").decode(head);
  if (text.startsWith("version https://git-lfs.github.com/spec/")) {
    throw new UserError(
      `${file.path} is a Git LFS pointer, not the weights: run "git lfs pull" or download the file itself`,
    );
  }
  if (/^(?:\u00ef\u00bb\u00bf)?\s*<(?:!doctype html|html|head|\?xml)/i.test(text)) {
    throw new UserError(`${file.path} is a web page (HTML), not the weights: the download failed or needs a login`);
  }
}
