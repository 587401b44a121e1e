// How every two runs compare, and the same games in two kinds of pictures. The first table of runs is open, further ones
// are folded with what matters most in their title.

const COMPARED = [
  { head: "Difference", help: "Difference of success, in percentage points, with its 95 % interval (Bonett and Price)" },
  { head: "p", help: "How likely such a difference of success is by chance alone: McNemar's exact test" },
  { head: "Before", help: "Success of the run that is subtracted, in %" },
  { head: "After", help: "Success of the other run, in %" },
  { head: "Return", help: "Difference of mean returns, with a bootstrap interval" },
  { head: "p of return", help: "How likely such a difference of returns is by chance alone: the sign-flip test" },
  { head: "Episodes", help: "Episodes that both runs finished, of those that both were to play if some are missing" },
];
const IN_PICTURES = {
  Difference: ["Difference", "The latter minus the former, in percentage points, with its 95 % interval (Bonett and Price)"],
  Before: ["Drawn here", "Success in the same games as this package draws them, in %"],
  After: ["Drawn there", "Success in the pictures of the task's own program, in %"],
  Episodes: ["Games", "Games that were finished in both kinds of pictures"],
};
const NUM_OPEN = 1;

function drawComparison() {
  const place = byId("comparison");
  const pictured = REPORT.runs.flatMap((run, index) => run.same_games.map((pair) => ({ ...differenceRow(pair.difference), run: index })));
  if (pictured.length) place.append(picturesTable(pictured));
  if (!REPORT.comparisons.length && !pictured.length) {
    place.hidden = true;
    document.querySelector('nav a[href="#comparison"]').hidden = true;
    return;
  }
  const paired = REPORT.comparisons.length ? "Paired on the episodes that both runs finished. " : "";
  place.append(...REPORT.comparisons.map(comparisonTable), element("p", { class: "muted hint", text:
    `${paired}Below 0.05 a difference is unlikely to be chance; with many rows some are so by chance.` }));
}

function picturesTable(rows) {
  const columns = COMPARED.map(({ head, help }) => {
    const [other, told] = IN_PICTURES[head] ?? [head, help];
    return { head: other, help: told };
  });
  const title = "The same games in other pictures";
  return element("details", { class: "card folded compared", open: true }, element("summary", { text: title }), dataTable(title, columns, rows));
}

function comparisonTable(comparison, place) {
  const rows = comparison.tasks.length > 1 ? [comparison.overall, ...comparison.tasks] : comparison.tasks;
  const title = `${REPORT.runs[comparison.b].name} minus ${REPORT.runs[comparison.a].name}`;
  const alone = [[comparison.num_only_a, comparison.run_a], [comparison.num_only_b, comparison.run_b]].filter(([size]) => size);
  const note = alone.map(([size, name]) => `${count(size, "episode")} of ${visible(name)} left out: the other run has not finished ${size === 1 ? "it" : "them"}.`);
  const { success, success_p: p } = comparison.overall;
  return element("details", { class: "card folded compared", open: place < NUM_OPEN },
    element("summary", {}, runLabel(comparison.b), " minus ", runLabel(comparison.a), element("span", { class: `muted ${changeOf(success) ?? ""}`, text: ` ${signedFixed(100 * success.value, 1)} points, p ${pValue(p)}` })),
    dataTable(visible(title), COMPARED, rows.map(differenceRow)),
    note.length ? element("p", { class: "muted hint", text: note.join(" ") }) : null);
}

function changeOf(success) {
  return success.low > 0 ? "good" : success.high < 0 ? "bad" : null;
}

function differenceRow(row) {
  const points = (x) => signedFixed(100 * x, 1);
  const bounds = row.bounds === null ? null : `${points(row.bounds.low)} to ${points(row.bounds.high)} with those missing`;
  const cells = [
    estimate(row.success, 100, (x) => signedFixed(100 * x, 1), { kind: changeOf(row.success), mark: differenceBar(row.success), bounds }),
    figure(row.success_p, pValue(row.success_p)),
    figure(100 * row.success_a, percent(row.success_a)),
    figure(100 * row.success_b, percent(row.success_b)),
    estimate(row.mean_return, 1, signedFixed),
    row.return_p === null ? null : figure(row.return_p, pValue(row.return_p)),
    figure(row.num_episodes, coverage(row)),
  ];
  return { name: row.name, label: labelOf(row.name), run: null, cells };
}

function pValue(p) {
  return p < 0.001 ? "<0.001" : p.toFixed(3);
}

function differenceBar({ value, low, high }) {
  const share = (points) => (points + 1) / 2;
  const middle = drawing("circle", { class: "shape", cx: at(share(value)), cy: "50%", r: 4.5 });
  return track("difference", upright("zero", 0.5), whisker(share(low), share(high)), middle);
}
