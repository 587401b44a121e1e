"use strict";
// A click on the head of a column sorts a table by it, the best first. Empty cells come last and the references stay below.
// A list above the first table shows one panel alone. Without this script the page reads as it stands.

function numberOf(text) {
  const found = /-?\d+(\.\d+)?/.exec(text);
  return found === null ? null : Number(found[0]);
}

const isDate = (text) => /^\d{4}-\d\d-\d\d$/.test(text);

function compareTexts(a, b, column) {
  const [x, y] = [a, b].map(numberOf);
  if (isDate(a) && isDate(b)) return b.localeCompare(a);
  if (column === 0 || x === null || y === null) return a.localeCompare(b, undefined, { numeric: true });
  return y - x;
}

function sortBy(table, column) {
  const heads = [...table.tHead.rows[0].cells];
  const all = [...table.tBodies[0].rows];
  const text = (row) => row.cells[column].textContent.trim();
  const isReference = (row) => row.cells[0].querySelector("em") !== null;
  const played = all.filter((row) => !isReference(row));
  const [filled, empty] = [played.filter((row) => text(row)), played.filter((row) => !text(row))];
  const isAgain = heads[column].getAttribute("aria-sort") === "descending";
  filled.sort((one, other) => compareTexts(text(one), text(other), column));
  if (isAgain) filled.reverse();
  heads.forEach((head) => head.removeAttribute("aria-sort"));
  heads[column].setAttribute("aria-sort", isAgain ? "ascending" : "descending");
  table.tBodies[0].append(...filled, ...empty, ...all.filter(isReference));
}

function makeSortable(table) {
  [...table.tHead.rows[0].cells].forEach((head, column) => {
    head.tabIndex = 0;
    head.title = "Sort by this column";
    head.addEventListener("click", () => sortBy(table, column));
    head.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" && event.key !== " ") return;
      event.preventDefault();
      sortBy(table, column);
    });
  });
}

function addPanelList(sections) {
  const label = document.createElement("label");
  const list = document.createElement("select");
  label.className = "panel-list";
  label.append("Show ", list);
  list.append(new Option("all panels", ""));
  for (const section of sections) list.append(new Option(section.querySelector("h2").firstChild.textContent, section.id));
  list.addEventListener("change", () => {
    for (const section of sections) section.hidden = list.value !== "" && section.id !== list.value;
  });
  sections[0].before(label);
}

document.querySelectorAll("table").forEach(makeSortable);
addPanelList([...document.querySelectorAll("section > section")].filter((section) => section.querySelector(":scope > h2")));
