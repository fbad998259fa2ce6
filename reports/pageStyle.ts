/** Style of the report page: system fonts, both colour schemes, narrow screens, paper. No request leaves the page. */
export const pageStyle = `
:root { color-scheme: light dark; --paper: #fff; --ink: #1b1d21; --quiet: #5b616b; --line: #d9dce1; --shade: #f4f5f7; --accent: #0b63b0; --good: #0a7a50; }
@media (prefers-color-scheme: dark) {
  :root { --paper: #15171b; --ink: #e7e9ec; --quiet: #a3a9b3; --line: #363a42; --shade: #1f2228; --accent: #7ab8f5; --good: #5cc79a; }
}
@media (prefers-color-scheme: dark) { .chart .mark-symbol path, .chart .mark-rect path { filter: brightness(1.2); } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 16px/1.55 system-ui, -apple-system, "Segoe UI", "Helvetica Neue", Arial, sans-serif; }
main, header, footer { max-width: 60rem; margin: 0 auto; padding: 0 1.25rem; }
header { padding-top: 2.5rem; }
h1, h2, p, figcaption, li { overflow-wrap: anywhere; }
h1 { font-size: 1.75rem; line-height: 1.2; margin: 0 0 .75rem; font-weight: 650; }
h2 { font-size: 1.25rem; line-height: 1.3; margin: 3rem 0 .5rem; font-weight: 650; }
p { margin: .5rem 0 1rem; max-width: 46rem; }
a { color: var(--accent); }
.answer { font-size: 1.15rem; }
.meta { color: var(--quiet); font-size: .875rem; }
.downloads a { margin-right: 1.25rem; }
figure { margin: 1.25rem 0; }
.chart { overflow-x: auto; }
.chart svg { display: block; width: 100%; max-width: 48rem; min-width: 36rem; height: auto; }
[data-live] .role-legend { cursor: pointer; }
.tip { position: fixed; z-index: 1; max-width: 22rem; padding: .35rem .6rem; border: 1px solid var(--line); border-radius: 5px; background: var(--paper); color: var(--ink); font-size: .8rem; line-height: 1.35; overflow-wrap: anywhere; pointer-events: none; box-shadow: 0 2px 8px #0003; }
.tip[hidden] { display: none; }
figcaption { color: var(--quiet); font-size: .85rem; max-width: 46rem; margin-top: .5rem; }
.scroll { overflow-x: auto; margin: 1rem 0; border: 1px solid var(--line); border-radius: 6px; }
.scroll:focus-visible { outline: 2px solid var(--accent); }
.tall { max-height: 36rem; overflow-y: auto; }
table { border-collapse: collapse; width: 100%; font-size: .85rem; font-variant-numeric: tabular-nums; }
caption { text-align: left; padding: .5rem .75rem; color: var(--quiet); }
caption span { display: block; position: sticky; left: .75rem; width: fit-content; max-width: min(56rem, 80vw); }
th, td { padding: .35rem .75rem; text-align: left; white-space: nowrap; border-top: 1px solid var(--line); }
thead th { position: sticky; top: 0; background: var(--shade); font-weight: 600; }
tbody th { font-weight: 600; }
.number { text-align: right; }
td.wrap { white-space: normal; min-width: 16rem; }
tr.frontier td.status { color: var(--good); font-weight: 600; }
th button { all: unset; cursor: pointer; font-weight: 600; }
th button:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
th[aria-sort] button::after { content: " ▲"; font-size: .7em; }
th[aria-sort=descending] button::after { content: " ▼"; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .25rem 1.25rem; font-size: .9rem; }
dt { color: var(--quiet); } dd { margin: 0; overflow-wrap: anywhere; }
code, pre { font-family: ui-monospace, "SF Mono", Menlo, Consolas, monospace; font-size: .85em; }
pre { background: var(--shade); padding: .75rem; border-radius: 6px; overflow-x: auto; }
footer { padding-bottom: 3rem; }
@media (max-width: 40rem) { header { padding-top: 1.5rem; } h1, h2, p, figcaption, li { overflow-wrap: anywhere; }
h1 { font-size: 1.4rem; } .answer { font-size: 1.05rem; } dl { grid-template-columns: 1fr; } dd { margin-bottom: .5rem; } }
@media print { .scroll, .tall { overflow: visible; max-height: none; border: 0; } .downloads { display: none; } figure { break-inside: avoid; } }
`;
