// The tables of scores: per task, per kind of episode, what was wrong with answers, and what they read in the pictures.

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

// What a group is called on this page: short, and unlike all others.
function labelOf(name) {
  return REPORT.labels[name] ?? name;
}

function drawSummary() {
  const groups = taskGroups();
  byId("summary").append(
    scoresTable("Scores", groups, COLUMNS), ...coverageNotes(), element("p", { class: "muted hint", text: summaryNote() }),
    ...folded("By kind of episode", groupsOf("labels"), COLUMNS),
    ...folded("Repeats: several attempts at the same start", membersWith("repeats", groups), repeatColumns()),
    ...folded("Faults by kind", faultKinds().length ? groups : [], faultColumns()),
    ...folded("Perception and reasoning: what the answers name in the pictures, and why episodes failed", membersWith("perception", groups), PERCEPTION));
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

// The groups, without the runs of which this part of the scores tells nothing.
function membersWith(part, groups) {
  const named = groups.map(({ name, members }) => ({ name, members: members.filter(({ scores }) => scores[part] !== null) }));
  return named.filter(({ members }) => members.length);
}

function summaryNote() {
  const isAveraged = groupsOf("tasks").length > 1 ? " “overall” weighs every task alike." : "";
  return `Success with Wilson's 95 % interval, return with a bootstrap interval; attempts at the same start count as one cluster.${isAveraged} Figures that are links lead to their episodes.`;
}

function scoresTable(title, groups, columns) {
  const rows = groups.flatMap(({ name, members }) => members.map(({ run, scores }) => {
    const link = (filters) => addressOf({ runs: REPORT.runs[run].name, task: taskOf(scores), kind: scores.label ?? "", ...filters });
    return { name, label: labelOf(name), run, cells: columns.map(([, , cell]) => cell(scores, link)) };
  }));
  return dataTable(title, columns.map(([head, help]) => ({ head, help })), rows);
}

// The task of a group as the list of episodes names it.
function taskOf({ name, task, label }) {
  if (task === null) return "";
  return label === null ? name : name.slice(0, -`, ${label}`.length);
}
