"use strict";
// A click on the head of a column sorts a table by it, the best first; the references stay below.
// Without this script the page reads as it stands.

function numberOf(text) {
  const found = /-?\d+(\.\d+)?/.exec(text);
  return found === null ? null : Number(found[0]);
}

function compareCells(one, other, column) {
  const [a, b] = [one, other].map((row) => row.cells[column].textContent.trim());
  if (!a || !b) return a ? -1 : b ? 1 : 0; // empty cells come last
  const [x, y] = [a, b].map(numberOf);
  const isDate = /^\d{4}-\d\d-\d\d$/.test(a);
  if (isDate || column === 0 || x === null || y === null) return isDate ? b.localeCompare(a) : a.localeCompare(b);
  return y - x;
}

function sortBy(table, column) {
  const heads = [...table.tHead.rows[0].cells];
  const all = [...table.tBodies[0].rows];
  const rows = all.filter((row) => row.cells[0].querySelector("em") === null);
  const isAgain = heads[column].getAttribute("aria-sort") === "descending";
  rows.sort((one, other) => compareCells(one, other, column));
  if (isAgain) rows.reverse();
  heads.forEach((head) => head.removeAttribute("aria-sort"));
  heads[column].setAttribute("aria-sort", isAgain ? "ascending" : "descending");
  table.tBodies[0].append(...rows, ...all.filter((row) => !rows.includes(row)));
}

for (const table of document.querySelectorAll("table")) {
  [...table.tHead.rows[0].cells].forEach((head, column) => {
    head.tabIndex = 0;
    head.style.cursor = "pointer";
    head.title = "Sort by this column";
    head.addEventListener("click", () => sortBy(table, column));
    head.addEventListener("keydown", (event) => {
      if (event.key === "Enter") sortBy(table, column);
    });
  });
}
