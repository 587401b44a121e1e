// The charts: a row for each task, in it a line for each run. Plain elements, so that they follow the width and the colours.

function drawCharts() {
  const groups = taskGroups();
  byId("chart-list").append(
    chart("Success", "in %, with 95 % interval; shaded from the random floor to the best play's ceiling", 1, groups, successLine, { bounds: true }),
    chart("Turns", "mean of an episode; the line spans the middle 80 % of episodes", longest(), groups, turnsLine),
    chart("Answers that went wrong", "share of turns: faults, which could not be read, then illegal moves, in %", largestFault(groups), groups, faultLine));
}

// Draw one chart over 0 to `top`; `line` puts marks into a run's track and returns the figures beside it.
function chart(title, subtitle, top, groups, line, { bounds = false } = {}) {
  const rows = groups.map((group) => element("div", { class: "chart-row" },
    element("div", { class: "chart-name", text: visible(shortTask(group.name)) }),
    element("div", { class: "chart-lines" }, ...group.members.map((member) => chartLine(member, top, line, bounds)))));
  const ends = element("div", { class: "chart-axis muted", "aria-hidden": "true" }, element("span", { text: "0" }), element("span", { text: top === 1 ? "100 %" : title === "Turns" ? number(top) : `${percent(top, 0)} %` }));
  return element("figure", { class: "card chart" },
    element("figcaption", {}, element("h3", { text: title }), element("span", { class: "muted", text: subtitle })),
    legend(), ...rows, ends);
}

function legend() {
  return element("p", { class: "legend" }, ...REPORT.runs.flatMap((_, index) => [runLabel(index), " "]));
}

function chartLine(member, top, line, hasBounds) {
  const track = element("span", { class: "track", "aria-hidden": "true" });
  if (hasBounds) track.append(...boundsOf(member.scores));
  const words = line(track, member, top);
  const name = element("span", { class: "unseen", text: visible(`${REPORT.runs[member.run].name}: `) });
  return element("div", { class: `chart-line ${runColor(member.run)}` }, name, track, element("span", { class: "figure", text: words }));
}

// Place a mark at a share of the track, or from one share to another.
function placed(kind, from, to = null) {
  const mark = element("span", { class: kind });
  mark.style.left = `${100 * Math.max(0, Math.min(1, from))}%`;
  if (to !== null) mark.style.width = `${100 * Math.max(0, Math.min(1, to) - Math.max(0, from))}%`;
  return mark;
}

function boundsOf(scores) {
  const range = placed("range", scores.floor ?? 0, scores.ceiling ?? 1);
  return [range, ...[scores.floor, scores.ceiling].filter((share) => share !== null).map((share) => placed("bound", share))];
}

function successLine(track, { scores }) {
  const { value, low, high } = scores.success;
  track.append(placed("whisker", low, high), placed("dot", value));
  return percent(value);
}

function turnsLine(track, { run, scores }, top) {
  const [low, high] = middle(episodesOf(run, scores).map((episode) => episode.num_turns));
  track.append(placed("whisker", low / top, high / top), placed("dot", scores.turns / top));
  return fixed(scores.turns, 1);
}

function faultLine(track, { scores }, top) {
  const { fault_rate: fault, illegal_rate: illegal } = scores;
  track.append(placed("bar", 0, fault / top), placed("bar illegal", fault / top, (fault + illegal) / top));
  return `${percent(fault)} + ${percent(illegal)}`;
}

function episodesOf(run, scores) {
  return REPORT.episodes.filter((episode) => episode.run === run && (scores.task === null || episode.group === scores.name));
}

// Return the 10 % and the 90 % quantile.
function middle(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (share) => sorted[Math.round(share * (sorted.length - 1))] ?? 0;
  return [at(0.1), at(0.9)];
}

function longest() {
  return Math.max(1, ...REPORT.episodes.map((episode) => episode.num_turns));
}

function largestFault(groups) {
  const rates = groups.flatMap((group) => group.members.map(({ scores }) => scores.fault_rate + scores.illegal_rate));
  return Math.min(1, Math.max(0.1, Math.ceil(10 * Math.max(...rates)) / 10));
}
