// Tables as text: CSV with all digits, for programs; Markdown and LaTeX as they are shown, for papers.

const FORMATS = { CSV: asCsv, Markdown: asMarkdown, LaTeX: asLatex };

function copyButtons(table) {
  const told = element("span", { class: "muted", role: "status" });
  const place = element("div", { class: "copied" });
  const buttons = Object.entries(FORMATS).map(([name, write]) => element("button", {
    type: "button", text: name, "aria-label": `Copy the table “${table.title}” as ${name}`,
    on: { click: async () => { told.textContent = await copyText(write({ ...table, rows: sortedRows(table) }), place) ? `Copied ${count(table.rows.length, "row")} as ${name}.` : "The browser does not let a page copy: copy it from here."; } },
  }));
  return element("div", { class: "copying" }, element("span", { class: "muted", text: "Copy as" }), ...buttons, told, place);
}

// Put a text on the clipboard; where that is not allowed, into a box from which it can be copied.
async function copyText(text, place) {
  place.replaceChildren();
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const box = element("textarea", { readonly: true, rows: 8, "aria-label": "The table as text" });
    box.value = text;
    place.append(box);
    box.select();
    return false;
  }
}

function asCsv({ columns, rows, hasRuns }) {
  const hasInterval = columns.map((_, i) => rows.some((row) => row.cells[i]?.low !== undefined));
  const parts = (name, i) => (hasInterval[i] ? [name, `${name} low`, `${name} high`] : [name]);
  const head = ["Task", ...(hasRuns ? ["Run"] : []), ...columns.flatMap(({ head: name }, i) => parts(name, i))];
  const lines = rows.map((row) => [row.name, ...(hasRuns ? [REPORT.runs[row.run].name] : []),
    ...row.cells.flatMap((cell, i) => (hasInterval[i] ? [cell?.value, cell?.low, cell?.high] : [cell?.value]))]);
  return [head, ...lines].map((line) => line.map(csvField).join(",")).join("\r\n") + "\r\n";
}

// A text that a spreadsheet would take for a formula gets an apostrophe before it.
function csvField(value) {
  if (typeof value === "number") return String(value);
  const text = /^[=+\-@\t\r]/.test(value ?? "") ? `'${value}` : value ?? "";
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

function asMarkdown(table) {
  const write = (cells) => `| ${cells.map((text) => text.replace(/[\\`*_{}[\]<>#|~&]/g, "\\$&")).join(" | ")} |`;
  const [head, ...rows] = cellTexts(table);
  const align = head.map((_, i) => (i < (table.hasRuns ? 2 : 1) ? "---" : "---:"));
  return [write(head), `| ${align.join(" | ")} |`, ...rows.map(write)].join("\n") + "\n";
}

const LATEX = {
  "\\": "\\textbackslash{}", "~": "\\textasciitilde{}", "^": "\\textasciicircum{}", "−": "$-$", "–": "--", "→": "$\\to$", "·": "$\\cdot$",
  "<": "$<$", ">": "$>$", "&": "\\&", "%": "\\%", $: "\\$", "#": "\\#", _: "\\_", "{": "\\{", "}": "\\}",
};

function asLatex(table) {
  const write = (cells) => `${cells.map((text) => text.replace(/[\\~^−–→·<>&%$#_{}]/g, (character) => LATEX[character])).join(" & ")} \\\\`;
  const [head, ...rows] = cellTexts(table);
  const align = (table.hasRuns ? "ll" : "l") + "r".repeat(table.columns.length);
  return [`\\begin{tabular}{${align}}`, "\\hline", write(head), "\\hline", ...rows.map(write), "\\hline", "\\end{tabular}"].join("\n") + "\n";
}

// Return the heads and all rows as texts on one line each.
function cellTexts({ columns, rows, hasRuns }) {
  const line = (text) => visible(text).replace(/\s+/g, " ");
  const head = ["Task", ...(hasRuns ? ["Run"] : []), ...columns.map(({ head: name }) => name)];
  return [head, ...rows.map((row) => [line(row.label), ...(hasRuns ? [line(REPORT.runs[row.run].name)] : []), ...row.cells.map(cellText)])];
}

function cellText(cell) {
  if (cell === null) return "–";
  return [cell.text, cell.interval && `(${cell.interval})`, cell.bounds && `; ${cell.bounds}`].filter(Boolean).join(" ");
}
