import * as ort from "onnxruntime-node";

/** Runs `work` in an engine whose runs end for want of memory where `fits` says so, given a run's tokens and its model's bytes. */
export async function shortOfMemory<T>(
  fits: (tokens: number, model: Uint8Array) => boolean,
  work: () => Promise<T>,
): Promise<T> {
  const { create } = ort.InferenceSession;
  const short = async (model: Uint8Array, options: ort.InferenceSession.SessionOptions) => {
    const session = await create.call(ort.InferenceSession, model, options);
    const run = session.run.bind(session);
    session.run = (feeds: ort.InferenceSession.FeedsType, ...rest: never[]) =>
      fits(feeds.tokens?.dims[0] ?? 0, model) ? run(feeds, ...rest) : Promise.reject(new Error("std::bad_alloc"));
    return session;
  };
  Object.assign(ort.InferenceSession, { create: short });
  try {
    return await work();
  } finally {
    Object.assign(ort.InferenceSession, { create });
  }
}
