import assert from "node:assert/strict";
import { csv, html, markdown, plain } from "../../reports/escape.ts";

describe("escape", () => {
  it("html(text) leaves no way out of an element or an attribute", () => {
    assert.equal(
      html(`</script><img src='x' onerror="y">&`),
      "&lt;/script&gt;&lt;img src=&#39;x&#39; onerror=&quot;y&quot;&gt;&amp;",
    );
  });

  it("markdown(text) stays in one cell and opens no link, code, emphasis or HTML", () => {
    assert.equal(markdown("a|b\n[x](y) `z` *e* <b>"), "a\\|b \\[x\\](y) \\`z\\` \\*e\\* &lt;b&gt;");
  });

  it("csv(value) quotes by RFC 4180 and tells null from an empty string", () => {
    assert.equal(csv("plain"), "plain");
    assert.equal(csv('say "a, b"'), '"say ""a, b"""');
    assert.equal(csv("two\r\nlines"), '"two\r\nlines"');
    assert.equal(csv(null), "");
    assert.equal(csv(""), '""');
    assert.equal(csv(-0.5), "-0.5");
  });

  it("csv(text) disarms what a spreadsheet would run", () => {
    assert.equal(csv('=HYPERLINK("http://x","y")'), `"'=HYPERLINK(""http://x"",""y"")"`);
    for (const start of ["+1", "-1", "@SUM", "\t=1"]) assert.equal(csv(start), `'${start}`);
  });

  it("plain(text) shows terminal escapes and reversed reading instead of doing them", () => {
    assert.equal(plain("a\u001b[2Jb\u202ec\nd\u0000"), "a\ufffd[2Jb\ufffdc d\ufffd");
  });
});
