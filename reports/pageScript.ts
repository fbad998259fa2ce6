/**
 * The page's only script: a click on a column's head sorts the table by the cells' `data-value` (numbers by size,
 * empty cells last). The page reads the same without it.
 */
export const pageScript = `
for (const table of document.querySelectorAll("table.sortable")) {
  table.querySelectorAll("thead th").forEach((head, column) => {
    const button = document.createElement("button");
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => {
      const sign = head.getAttribute("aria-sort") === "ascending" ? -1 : 1;
      for (const other of table.querySelectorAll("thead th")) other.removeAttribute("aria-sort");
      head.setAttribute("aria-sort", sign === 1 ? "ascending" : "descending");
      const value = (row) => row.cells[column].dataset.value;
      const compare = head.classList.contains("number") ? (a, b) => a - b : (a, b) => a.localeCompare(b);
      const body = table.tBodies[0];
      const rows = [...body.rows].sort((a, b) => {
        const x = value(a), y = value(b);
        return x === undefined || y === undefined ? (x === undefined) - (y === undefined) : sign * compare(x, y);
      });
      body.append(...rows);
    });
  });
}
`;
