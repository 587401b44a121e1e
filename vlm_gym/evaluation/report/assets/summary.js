// The tables: what each run scored, how two runs compare, and what determines a run.

// A column: head, what it means, the cell of a group's scores (null for none), and whether it may be left out.
const COLUMNS = [
  ["Success", "Share of episodes that reached the goal, in %, with its 95 % interval", (scores) => withInterval(scores.success, (x) => percent(x))],
  ["If missing", "Success in % if all episodes that are missing failed, and if all succeeded", (scores) => scores.bounds === null ? null : element("span", { class: "missing-bounds", text: `${percent(scores.bounds.low)} to ${percent(scores.bounds.high)}` })],
  ["Floor", "What uniformly random actions succeed at, in %; ~ if it was measured, not computed", (scores) => (scores.is_floor_exact || scores.floor === null ? "" : "~") + percent(scores.floor)],
  ["Ceiling", "What the best play succeeds at from these very starts, in %, exactly", (scores) => percent(scores.ceiling)],
  ["Score", "Success on the scale on which the floor is 0 and the ceiling 1", (scores) => withInterval(scores.score, (x) => fixed(x))],
  ["Return", "Mean undiscounted return", (scores) => withInterval(scores.mean_return, (x) => fixed(x))],
  ["Faults", "Turns whose answer could not be read, in %", (scores) => percent(scores.fault_rate)],
  ["Illegal", "Turns whose move broke a rule, in %", (scores) => percent(scores.illegal_rate)],
  ["Misread", "Readings that name something else than the picture shows, in % of all that name anything", (scores) => scores.perception === null ? null : percent(misreadShare(scores.perception))],
  ["Regret", "Probability of success that an episode's choices gave away, on average, luck left out", (scores) => scores.regret === null ? "?" : fixed(scores.regret)],
  ["Turns", "Mean number of turns of an episode", (scores) => fixed(scores.turns, 1)],
  ["Tokens", "Tokens read and written by all episodes", (scores) => scores.prompt_tokens + scores.completion_tokens ? compact(scores.prompt_tokens + scores.completion_tokens) : null],
  ["Cost", "Sum over all episodes, in the currency of the prices given", (scores) => scores.cost ? number(scores.cost, 4) : null],
  ["s/turn", "Mean seconds from a request to its answer", (scores) => scores.latency_s >= 0.005 ? fixed(scores.latency_s) : null],
  ["Episodes", "Finished episodes, of those that were to be played if some are missing", (scores) => coverage(scores)],
  ["Unplayable", "Episodes with a request that was too long for the model, or whose content was not let through", (scores) => scores.num_unplayable ? number(scores.num_unplayable) : null],
];

const PERCEPTION = [
  ["Read right", "Readings that name what the picture shows, or as much of it as matters, in %", (scores) => readingShare(scores, (field) => field.num_right + field.num_inexact)],
  ["wrong", "Readings that name something else, in %", (scores) => readingShare(scores, (field) => field.num_wrong)],
  ["not named", "What was asked for and not named, in %", (scores) => readingShare(scores, (field) => field.num_unnamed)],
  ["Failures", "Episodes that did not succeed or gave away probability of success", (scores) => ofFailures(scores, "num_failures")],
  ["by misreading", "of these, with something named wrong at the turn that decided, or before", (scores) => ofFailures(scores, "num_misread")],
  ["by reasoning", "of these, with all that was named being right", (scores) => ofFailures(scores, "num_reasoning")],
  ["unknown", "of these, with nothing named at the turn that decided, or in a task without an oracle", (scores) => ofFailures(scores, "num_unnamed")],
  ["no mistake", "of these, decided by luck, or from a start that cannot be won", (scores) => ofFailures(scores, "num_no_mistake")],
  ["unplayable", "of these, with a request that was too long or whose content was not let through", (scores) => ofFailures(scores, "num_unplayable")],
];

function readingsOf(perception) {
  const total = (count) => perception.fields.reduce((sum, field) => sum + count(field), 0);
  return { total, num: total((field) => field.num_right + field.num_inexact + field.num_wrong + field.num_unnamed) };
}

function misreadShare(perception) {
  const { total, num } = readingsOf(perception);
  return total((field) => field.num_wrong) / Math.max(1, num - total((field) => field.num_unnamed));
}

function readingShare(scores, count) {
  if (scores.perception === null) return null;
  const { total, num } = readingsOf(scores.perception);
  return percent(total(count) / Math.max(1, num));
}

function ofFailures(scores, name) {
  return scores.perception === null ? null : number(scores.perception[name]);
}

function compact(value) {
  return value.toLocaleString("en", { notation: "compact", maximumSignificantDigits: 3 });
}

function withInterval(estimate, write) {
  if (estimate === null) return null;
  return element("span", { class: "estimate" }, element("span", { text: write(estimate.value) }),
    element("span", { class: "muted interval", text: `${write(estimate.low)} to ${write(estimate.high)}` }));
}

// A difference with what it would be at least and at most, if episodes are missing.
function withBounds(estimate, bounds, write) {
  if (bounds === null) return estimate;
  return element("div", {}, estimate, element("div", { class: "missing-bounds", title: "if episodes are missing: at least, at most", text: `${write(bounds.low)} to ${write(bounds.high)} with those missing` }));
}

function coverage({ num_episodes: done, num_planned: planned }) {
  return planned === null || done >= planned ? number(done) : `${number(done)} of ${number(planned)}`;
}

// Return [{name, members: [{run, scores}]}] of the groups that the runs have, in their order.
function groupsOf(kind) {
  const groups = new Map();
  REPORT.runs.forEach((run, index) => {
    for (const scores of run.summary[kind]) {
      if (!groups.has(scores.name)) groups.set(scores.name, { name: scores.name, members: [] });
      groups.get(scores.name).members.push({ run: index, scores });
    }
  });
  return [...groups.values()];
}

function taskGroups() {
  const groups = groupsOf("tasks");
  if (groups.length < 2) return groups;
  const members = REPORT.runs.map((run, index) => ({ run: index, scores: run.summary.overall }));
  return [{ name: "overall", members }, ...groups];
}

function drawSummary() {
  byId("summary").append(
    scoresTable("Scores", taskGroups(), COLUMNS), ...coverageNotes(), element("p", { class: "muted hint", text: summaryNote() }),
    ...folded("By kind of episode", groupsOf("labels"), COLUMNS),
    ...folded("Perception and reasoning: what the answers name in the pictures, and why episodes failed", perceived(), PERCEPTION));
}

// What the figures do not cover, run by run.
function coverageNotes() {
  return REPORT.runs.flatMap((run, index) => run.notes.length
    ? [element("p", { class: "coverage", role: "note" }, runLabel(index), visible(`: ${run.notes.join(" ")}`))] : []);
}

function folded(title, groups, columns) {
  if (!groups.length) return [];
  return [element("details", { class: "card folded" }, element("summary", { text: title }), scoresTable(title, groups, columns))];
}

// The groups, without the runs that name nothing in them.
function perceived() {
  const named = taskGroups().map(({ name, members }) => ({ name, members: members.filter(({ scores }) => scores.perception !== null) }));
  return named.filter(({ members }) => members.length);
}

function summaryNote() {
  const isAveraged = groupsOf("tasks").length > 1 ? " “overall” weighs every task alike." : "";
  return `Success with Wilson's 95 % interval, return with a bootstrap interval; attempts at the same start count as one cluster.${isAveraged}`;
}

function scoresTable(title, groups, available) {
  const all = groups.flatMap((group) => group.members);
  const columns = available.filter(([, , cell]) => all.some(({ scores }) => cell(scores) !== null));
  const heads = [["Task", null], ["Run", null], ...columns].map(([text, meaning], i) =>
    element("th", { scope: "col", text, title: meaning, class: i < 2 ? "name" : null }));
  const bodies = groups.map((group) => element("tbody", {}, ...group.members.map(({ run, scores }, i) => element("tr", {},
    i === 0 ? element("th", { scope: "rowgroup", rowspan: group.members.length, class: "name", text: visible(group.name) }) : null,
    element("th", { scope: "row", class: "name run" }, runLabel(run)),
    ...columns.map(([, , cell]) => element("td", {}, cell(scores) ?? "–"))))));
  return scrolling(title, element("table", { class: "numbers" }, element("thead", {}, element("tr", {}, ...heads)), ...bodies));
}

// Wide tables scroll within a frame that the keyboard can reach.
function scrolling(label, table) {
  return element("div", { class: "card scrolling", tabindex: "0", role: "region", "aria-label": label }, table);
}

function drawComparison() {
  const place = byId("comparison");
  if (!REPORT.comparisons.length) {
    place.hidden = true;
    document.querySelector('nav a[href="#comparison"]').hidden = true;
    return;
  }
  place.append(...REPORT.comparisons.map(comparisonTable), element("p", { class: "muted hint", text:
    "Paired on the episodes that both runs finished: difference of success in percentage points with its 95 % interval (Bonett and Price), p-value of McNemar's exact test; difference of returns with a bootstrap interval and the sign-flip test. Below 0.05 a difference is unlikely to be chance; with many rows some are so by chance." }));
}

function comparisonTable(comparison) {
  const heads = ["Task", "Difference", "", "p", "Success", "Return", "p", "Episodes"];
  const rows = comparison.tasks.length > 1 ? [comparison.overall, ...comparison.tasks] : comparison.tasks;
  const table = element("table", { class: "numbers compared" },
    element("caption", {}, runLabel(comparison.b), " minus ", runLabel(comparison.a)),
    element("thead", {}, element("tr", {}, ...heads.map((text, i) => element("th", { scope: "col", text, class: i === 0 ? "name" : null })))),
    element("tbody", {}, ...rows.map((row) => differenceRow(row))));
  const alone = [[comparison.num_only_a, comparison.run_a], [comparison.num_only_b, comparison.run_b]].filter(([size]) => size);
  const note = alone.map(([size, name]) => `${count(size, "episode")} of ${visible(name)} left out: the other run has not finished ${size === 1 ? "it" : "them"}.`);
  return element("div", {}, scrolling("Comparison", table), note.length ? element("p", { class: "muted hint", text: note.join(" ") }) : "");
}

function differenceRow(row) {
  const points = (x) => signedFixed(100 * x, 1);
  const change = row.success.low > 0 ? "good" : row.success.high < 0 ? "bad" : null;
  return element("tr", {},
    element("th", { scope: "row", class: "name", text: visible(row.name) }),
    element("td", { class: change }, withBounds(withInterval(row.success, points), row.bounds, points)),
    element("td", {}, differenceBar(row.success)),
    element("td", { text: pValue(row.success_p) }),
    element("td", { text: `${percent(row.success_a)} → ${percent(row.success_b)}` }),
    element("td", {}, withInterval(row.mean_return, signedFixed) ?? "–"),
    element("td", { text: row.return_p === null ? "–" : pValue(row.return_p) }),
    element("td", { text: coverage(row) }));
}

function pValue(p) {
  return p < 0.001 ? "<0.001" : p.toFixed(3);
}

function differenceBar(estimate) {
  const bar = element("span", { class: "difference", "aria-hidden": "true" }, element("span", { class: "zero" }));
  bar.append(placed("whisker", (estimate.low + 1) / 2, (estimate.high + 1) / 2), placed("dot", (estimate.value + 1) / 2));
  return bar;
}

function drawRuns() {
  byId("runs").append(...REPORT.runs.map((run, index) => element("details", { class: "card" },
    element("summary", {}, runLabel(index), element("span", { class: "muted", text: visible(` ${runFacts(run)}`) })),
    element("pre", { tabindex: "0", "aria-label": "run.json", text: visible(JSON.stringify(run.settings, null, 2)) }))));
}

function runFacts(run) {
  const { summary } = run;
  const panel = summary.panel === null ? "chosen tasks" : summary.panel + (summary.num_first === null ? "" : `, first ${summary.num_first} of each task`);
  const isPart = summary.num_episodes < summary.num_planned;
  return [`agent ${summary.agent}`, panel, isPart ? `${summary.num_episodes} of ${count(summary.num_planned, "episode")} finished` : count(summary.num_episodes, "episode")].join(" · ");
}
