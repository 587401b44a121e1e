// The charts: a row for each task, in it a line for each run. Drawn as SVG, which prints whatever the printer leaves out.

const TRACK_HEIGHT = 20;

function drawCharts() {
  const groups = taskGroups();
  byId("chart-list").append(
    chart("Success", "in %, with 95 % interval; shaded from the random floor to the best play's ceiling", 1, groups, successLine),
    chart("Turns", "mean of an episode; the line spans the middle 80 % of episodes", longest(), groups, turnsLine),
    chart("Answers that went wrong", "share of turns: filled, faults, which could not be read; outlined, illegal moves, in %", largestFault(groups), groups, faultLine));
}

// Draw one chart over 0 to `top`; `line` returns a run's marks in its track and the figures beside it.
function chart(title, subtitle, top, groups, line) {
  const rows = groups.map((group) => element("div", { class: "chart-row" },
    element("div", { class: "chart-name", title: visible(group.name), text: visible(labelOf(group.name)) }),
    element("div", { class: "chart-lines" }, ...group.members.map((member) => chartLine(member, top, line)))));
  const ends = element("div", { class: "chart-axis muted", "aria-hidden": "true" }, element("span", { text: "0" }), element("span", { text: top === 1 ? "100 %" : title === "Turns" ? number(top) : `${percent(top, 0)} %` }));
  return element("figure", { class: "card chart" },
    element("figcaption", {}, element("h3", { text: title }), element("span", { class: "muted", text: subtitle })),
    legend(), ...rows, ends);
}

function legend() {
  return element("p", { class: "legend" }, ...REPORT.runs.flatMap((_, index) => [runLabel(index), " "]));
}

function chartLine(member, top, line) {
  const { marks, words } = line(member, top);
  const grid = [0, 0.25, 0.5, 0.75, 1].map((share) => upright("grid", share));
  const name = element("span", { class: "unseen", text: visible(`${REPORT.runs[member.run].name}: `) });
  return element("div", { class: `chart-line ${runColor(member.run)}` }, name, track("track", ...grid, ...marks), element("span", { class: "figure", text: words }));
}

function track(kind, ...marks) {
  return drawing("svg", { class: kind, width: "100%", height: TRACK_HEIGHT, "aria-hidden": "true" }, ...marks);
}

// Places in a track are shares of its width.
function at(share) {
  return `${100 * Math.max(0, Math.min(1, share))}%`;
}

function upright(kind, share) {
  return drawing("line", { class: kind, x1: at(share), x2: at(share), y1: 0, y2: "100%" });
}

function whisker(low, high) {
  return drawing("line", { class: "whisker", x1: at(low), x2: at(high), y1: "50%", y2: "50%" });
}

function bar(kind, from, to, margin) {
  const width = at(Math.min(1, to) - Math.max(0, from));
  return drawing("rect", { class: kind, x: at(from), width, y: `${margin}%`, height: `${100 - 2 * margin}%` });
}

function dot(run, share) {
  return drawing("svg", { x: at(share), y: "50%", overflow: "visible" }, runShape(run));
}

function successLine({ run, scores }) {
  const { value, low, high } = scores.success;
  const bounds = [scores.floor, scores.ceiling].filter((bound) => bound !== null).map((bound) => upright("bound", bound));
  const range = scores.ceiling === null ? [] : [bar("range", scores.floor ?? 0, scores.ceiling, 0)];
  return { marks: [...range, ...bounds, whisker(low, high), dot(run, value)], words: percent(value) };
}

function turnsLine({ run, scores }, top) {
  const [low, high] = middle(episodesOf(run, scores).map((episode) => episode.num_turns));
  return { marks: [whisker(low / top, high / top), dot(run, scores.turns / top)], words: fixed(scores.turns, 1) };
}

function faultLine({ scores }, top) {
  const { fault_rate: fault, illegal_rate: illegal } = scores;
  const marks = [bar("bar", 0, fault / top, 25), bar("bar illegal", fault / top, (fault + illegal) / top, 28)];
  return { marks, words: `${percent(fault)} + ${percent(illegal)}` };
}

function episodesOf(run, scores) {
  return REPORT.episodes.filter((episode) => episode.run === run && episode.is_finished && (scores.task === null || episode.group === scores.name));
}

// Return the 10 % and the 90 % quantile.
function middle(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const quantile = (share) => sorted[Math.round(share * (sorted.length - 1))] ?? 0;
  return [quantile(0.1), quantile(0.9)];
}

function longest() {
  return REPORT.episodes.reduce((most, episode) => Math.max(most, episode.num_turns), 1);
}

function largestFault(groups) {
  const rates = groups.flatMap((group) => group.members.map(({ scores }) => scores.fault_rate + scores.illegal_rate));
  return Math.min(1, Math.max(0.1, Math.ceil(10 * Math.max(...rates)) / 10));
}
