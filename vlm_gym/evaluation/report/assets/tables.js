// Tables of figures: sorted by a click on a head, copied in three formats, each column explained below the table.
//
// A column is {head, help}. A row is {name, label, run, cells}: the task and how it is called here, the run's number or
// null, and of each column null or a cell {value, text, low, high, interval, kind, link, mark}.

const ORDERS = { none: "descending", descending: "ascending", ascending: "none" };

// A cell of one figure.
function figure(value, text, more = {}) {
  return { value, text, ...more };
}

// A cell of a figure with its interval; null for none.
function estimate(estimated, scale, write, more = {}) {
  if (estimated === null) return null;
  const { value, low, high } = estimated;
  return { value: scale * value, low: scale * low, high: scale * high, text: write(value), interval: `${write(low)} to ${write(high)}`, ...more };
}

function dataTable(title, columns, rows, { kind = "", caption = null } = {}) {
  const shown = columns.map((_, i) => i).filter((i) => rows.some((row) => row.cells[i] !== null));
  const table = {
    title,
    columns: shown.map((i) => columns[i]),
    rows: rows.map((row) => ({ ...row, cells: shown.map((i) => row.cells[i]) })),
    hasRuns: rows.some((row) => row.run !== null),
    sorted: { column: null, order: "none" },
  };
  const node = element("table", { class: `numbers ${kind}` }, caption && element("caption", {}, ...caption));
  drawTable(table, node);
  return element("div", { class: "data-table" }, scrolling(title, node), copyButtons(table), columnHelp(table.columns));
}

// Wide tables scroll within a frame that the keyboard can reach.
function scrolling(label, table) {
  return element("div", { class: "card scrolling", tabindex: "0", role: "region", "aria-label": label }, table);
}

function drawTable(table, node) {
  const rows = sortedRows(table);
  node.querySelectorAll("thead, tbody").forEach((part) => part.remove());
  node.append(tableHead(table, node), ...bodies(table, rows));
}

function tableHead(table, node) {
  const names = table.hasRuns ? ["Task", "Run"] : ["Task"];
  const fixed = names.map((text) => element("th", { scope: "col", class: "name", text }));
  const heads = table.columns.map(({ head, help }, i) => {
    const order = table.sorted.column === i ? table.sorted.order : "none";
    const button = element("button", { type: "button", class: "sort", text: head, title: help, on: { click: () => sortBy(table, node, i, ORDERS[order]) } });
    return element("th", { scope: "col", "aria-sort": order }, button);
  });
  return element("thead", {}, element("tr", {}, ...fixed, ...heads));
}

function sortBy(table, node, column, order) {
  table.sorted = { column, order };
  drawTable(table, node);
  node.querySelectorAll(".sort")[column].focus();
}

// Return the rows in their order; those without a figure come last.
function sortedRows({ rows, sorted }) {
  if (sorted.order === "none") return rows;
  const sign = sorted.order === "descending" ? -1 : 1;
  const value = (row) => row.cells[sorted.column]?.value;
  return [...rows].sort((a, b) => (value(a) === undefined) - (value(b) === undefined) || sign * (value(a) - value(b)) || 0);
}

// Rows of one task that follow each other have its name once.
function bodies(table, rows) {
  const groups = [];
  for (const row of rows) {
    if (table.hasRuns && groups.at(-1)?.[0].name === row.name) groups.at(-1).push(row);
    else groups.push([row]);
  }
  return groups.map((group) => element("tbody", {}, ...group.map((row, i) => element("tr", {},
    i === 0 ? element("th", { scope: table.hasRuns ? "rowgroup" : "row", rowspan: group.length, class: "name", title: row.label === row.name ? null : visible(row.name), text: visible(row.label) }) : null,
    table.hasRuns ? element("th", { scope: "row", class: "name run" }, runLabel(row.run)) : null,
    ...row.cells.map(tableCell)))));
}

function tableCell(cell) {
  if (cell === null) return element("td", { text: "–" });
  const text = cell.link ? element("a", { href: cell.link, text: cell.text }) : element("span", { text: cell.text });
  const interval = cell.interval ? element("span", { class: "muted interval", text: cell.interval }) : null;
  const bounds = cell.bounds ? element("span", { class: "missing-bounds", text: cell.bounds }) : null;
  return element("td", { class: cell.kind }, element("span", { class: "estimate" }, text, interval), cell.mark ?? null, bounds);
}

// What the columns mean, for those who have no mouse to rest on a head, and for paper.
function columnHelp(columns) {
  const explained = columns.filter(({ help }) => help);
  return element("details", { class: "column-help" }, element("summary", { text: "What the columns mean" }),
    element("dl", {}, ...explained.flatMap(({ head, help }) => [element("dt", { text: head }), element("dd", { text: help })])));
}
