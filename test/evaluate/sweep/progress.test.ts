import assert from "node:assert/strict";
import { clock, createProgress } from "../../../evaluate/sweep/index.ts";

function setup(options: { isTTY: boolean; total: number; done?: number; columns?: number }) {
  let time = 5000;
  let out = "";
  const stream = { isTTY: options.isTTY, columns: options.columns ?? 80, write: (text: string) => (out += text) };
  const progress = createProgress({ stream, total: options.total, done: options.done ?? 0, now: () => time });
  const take = () => {
    const text = out;
    out = "";
    return text;
  };
  return { progress, take, pass: (ms: number) => (time += ms) };
}

describe("createProgress", () => {
  it("prints one plain line a trial with the time left into a pipe", () => {
    const { progress, take, pass } = setup({ isTTY: false, total: 4 });
    progress.tick();
    assert.equal(take(), "");
    pass(10_000);
    progress.advance("sf4@g128");
    assert.equal(take(), "1/4  sf4@g128  0:10 + 0:30\n");
    pass(20_000);
    progress.advance("int4@g32");
    assert.equal(take(), "2/4  int4@g32  0:30 + 0:30\n");
    progress.end();
    assert.equal(take(), "");
  });

  it("does not count trials of earlier runs towards the speed", () => {
    const { progress, take, pass } = setup({ isTTY: false, total: 56, done: 50 });
    pass(10_000);
    progress.advance("sf4");
    assert.equal(take(), "51/56  sf4  0:10 + 0:50\n");
  });

  it("redraws one line on a terminal, at most ten times a second, and always the last", () => {
    const { progress, take, pass } = setup({ isTTY: true, total: 100 });
    for (let i = 0; i < 99; i++) {
      pass(10);
      progress.advance(`f${i}`);
    }
    const redraws = take().split("\r\x1b[2K").slice(1);
    assert.ok(redraws.length <= 10, `${redraws.length} redraws in 0.99 s`);
    assert.equal(redraws[0], "1/100  f0  0:00 + 0:01");
    progress.advance("last");
    assert.equal(take(), "\r\x1b[2K100/100  last  0:01 + 0:00");
    progress.end();
    assert.equal(take(), "\n");
  });

  it("says behind the rest what is at work, on a terminal and until it is done", () => {
    const piped = setup({ isTTY: false, total: 2 });
    piped.progress.step("sf4: gptq, layer 1 of 2");
    assert.equal(piped.take(), "");
    const { progress, take, pass } = setup({ isTTY: true, total: 2 });
    pass(3000);
    progress.step("sf4: gptq, layer 1 of 2");
    assert.equal(take(), "\r\x1b[2K0/2    0:03 + ?  sf4: gptq, layer 1 of 2");
    progress.step("sf4: gptq, layer 2 of 2");
    assert.equal(take(), "");
    pass(500);
    progress.tick();
    assert.equal(take(), "\r\x1b[2K0/2    0:04 + ?  sf4: gptq, layer 2 of 2");
    pass(500);
    progress.advance("sf4");
    assert.equal(take(), "\r\x1b[2K1/2  sf4  0:04 + 0:04");
  });

  it("keeps the clock of a terminal line moving between trials and says ? before the first is done", () => {
    const { progress, take, pass } = setup({ isTTY: true, total: 2 });
    pass(3000);
    progress.tick();
    assert.equal(take(), "\r\x1b[2K0/2    0:03 + ?");
    pass(50);
    progress.tick();
    assert.equal(take(), "");
  });

  it("cuts a terminal line to the width and gives a note a line of its own", () => {
    const { progress, take, pass } = setup({ isTTY: true, total: 2, columns: 12 });
    pass(1000);
    progress.advance("a-long-format-name");
    assert.equal(take(), "\r\x1b[2K1/2  a-long");
    progress.note("warning: x");
    assert.equal(take(), "\r\x1b[2Kwarning: x\n");
  });

  it("clock writes minutes and hours", () => {
    assert.deepEqual([clock(0), clock(62_400), clock(3_723_000), clock(-5)], ["0:00", "1:02", "1:02:03", "0:00"]);
  });
});
