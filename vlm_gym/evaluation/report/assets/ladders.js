// The ladders: success against level, a chart for each, its runs side by side, and a table of what was wrong where.

const LADDER = { width: 360, height: 210, left: 34, right: 14, top: 12, bottom: 26 };
const FEW_EPISODES = 5; // of which a success rate says next to nothing

// Return [{axis, name, members: [{run, ladder}]}] of the ladders that the runs played.
function ladderGroups() {
  const groups = new Map();
  REPORT.runs.forEach((run, index) => {
    for (const ladder of run.ladders) {
      const key = JSON.stringify([ladder.axis, ladder.name]);
      if (!groups.has(key)) groups.set(key, { axis: ladder.axis, name: ladder.name, members: [] });
      groups.get(key).members.push({ run: index, ladder });
    }
  });
  return [...groups.values()];
}

function drawLadders() {
  const groups = ladderGroups();
  const section = byId("ladders");
  section.hidden = document.querySelector('nav a[href="#ladders"]').hidden = groups.length === 0;
  if (!groups.length) return;
  section.append(
    element("div", { class: "charts ladder-charts" }, ...groups.map(ladderChart)),
    element("p", { class: "muted hint", text: `Success in % against level, with 95 % interval; faint of fewer than ${FEW_EPISODES} episodes; shaded from the random floor to the best play's ceiling, of the starts that were played. The upright line is the level at which success falls to half between the two, its bar the 95 % interval of that level; below: failures that began with a misreading (filled) and those that named all right (outlined), as shares of the episodes.` }),
    ladderTable(groups));
}

function ladderChart({ axis, name, members }) {
  const levels = [...new Set(members.flatMap(({ ladder }) => ladder.rungs.map((rung) => rung.level)))].sort((a, b) => a - b);
  const place = ladderPlaces(levels);
  const named = members.some(({ ladder }) => ladder.rungs.some((rung) => rung.perception !== null));
  const plot = drawing("svg", { class: "ladder", viewBox: `0 0 ${LADDER.width} ${LADDER.height}`, role: "img", "aria-label": visible(`${axis} of ${name}: ${members.map(halfSentence).join("; ")}`) },
    ...ladderRange(members, place), ...ladderGrid(levels, place),
    ...members.map((member, i) => ladderHalf(member, i, levels, place)).filter((mark) => mark !== null),
    ...members.map((member, i) => ladderLine(member, i, members.length, place)));
  return element("figure", { class: "card chart ladder-chart" },
    element("figcaption", {}, element("h3", { text: visible(`${axis}: ${labelOf(name)}`) })),
    plot, named ? failureRows(members, levels) : null,
    ...members.map((member) => element("p", { class: "ladder-half" }, runLabel(member.run), visible(`: ${halfWords(member.ladder)}`))));
}

function ladderPlaces(levels) {
  const [first, last] = [levels[0], levels[levels.length - 1]];
  const inner = LADDER.width - LADDER.left - LADDER.right;
  const margin = 22;
  const x = (level) => LADDER.left + margin + (inner - 2 * margin) * (level - first) / Math.max(1, last - first);
  const y = (share) => LADDER.top + (LADDER.height - LADDER.top - LADDER.bottom) * (1 - share);
  return { x, y, low: LADDER.left, high: LADDER.width - LADDER.right };
}

function ladderGrid(levels, { x, y, low, high }) {
  const rows = [0, 0.5, 1].flatMap((share) => [
    drawing("line", { class: "grid", x1: low, x2: high, y1: y(share), y2: y(share) }),
    drawing("text", { class: "tick", x: low - 6, y: y(share) + 4, "text-anchor": "end" }, String(100 * share))]);
  return [...rows, ...levels.map((level) => drawing("text", { class: "tick", x: x(level), y: LADDER.height - 8, "text-anchor": "middle" }, `L${level}`))];
}

// The band between floor and ceiling, of the first run that knows both at all its levels.
function ladderRange(members, { x, y }) {
  const known = members.find(({ ladder }) => ladder.rungs.every((rung) => rung.floor !== null && rung.ceiling !== null));
  if (!known) return [];
  const { rungs } = known.ladder;
  const corners = [...rungs.map((rung) => [x(rung.level), y(rung.ceiling)]), ...[...rungs].reverse().map((rung) => [x(rung.level), y(rung.floor)])];
  return [drawing("polygon", { class: "range", points: corners.map((corner) => corner.join(",")).join(" ") })];
}

// Runs stand a little beside each other, so that their intervals can be told apart.
function ladderLine({ run, ladder }, number, count, { x, y }) {
  const shift = 7 * (number - (count - 1) / 2);
  const points = ladder.rungs.map((rung) => [x(rung.level) + shift, y(rung.success.value), rung]);
  return drawing("g", { class: runColor(run) },
    drawing("polyline", { class: "line", points: points.map(([left, top]) => `${left},${top}`).join(" ") }),
    ...points.map(([left, top, rung]) => drawing("g", { class: rung.num_episodes < FEW_EPISODES ? "few" : "" },
      drawing("line", { class: "whisker", x1: left, x2: left, y1: y(rung.success.low), y2: y(rung.success.high) }),
      drawing("svg", { x: left, y: top, overflow: "visible" }, runShape(run)))));
}

function ladderHalf({ run, ladder }, number, levels, { x, y, low, high }) {
  if (ladder.half === null) return null;
  const within = (level) => Math.max(low, Math.min(high, x(level)));
  const height = y(0) + 3 + 3 * number;
  const { value } = ladder.half;
  const isInside = value >= levels[0] && value <= levels[levels.length - 1] && !isUnknown(ladder);
  return drawing("g", { class: runColor(run) },
    isInside ? drawing("line", { class: "half", x1: x(value), x2: x(value), y1: y(1), y2: y(0) }) : null,
    drawing("line", { class: "half-range", x1: within(ladder.half.low), x2: within(ladder.half.high), y1: height, y2: height }));
}

// Whether the interval of the half goes beyond the levels on both sides.
function isUnknown({ half, rungs }) {
  return half.low < rungs[0].level && half.high > rungs[rungs.length - 1].level;
}

function halfSentence({ run, ladder }) {
  return `${REPORT.runs[run].name} ${halfWords(ladder)}`;
}

function halfWords({ half, rungs }) {
  if (half === null) return "no half, since a floor or a ceiling is not known or they meet";
  const [first, last] = [rungs[0].level, rungs[rungs.length - 1].level];
  const written = (level) => level < first ? `below L${first}` : level > last ? `above L${last}` : `L${fixed(level, 1)}`;
  const [value, low, high] = [half.value, half.low, half.high].map(written);
  if (isUnknown({ half, rungs })) return `half not known (${low} to ${high})`;
  const place = value.startsWith("L") ? `at ${value}` : value;
  return low === high ? `half ${place}` : `half ${place} (${low} to ${high})`;
}

// Under the levels: which share of the episodes failed after a misreading, and with all that was named right.
function failureRows(members, levels) {
  return element("div", { class: "ladder-failures" }, ...members.map(({ run, ladder }) => {
    const cells = levels.map((level) => {
      const rung = ladder.rungs.find((each) => each.level === level);
      if (!rung || rung.perception === null) return element("span", { class: "track" });
      const { num_misread: misread, num_reasoning: reasoning } = rung.perception;
      const [seen, thought] = [misread / rung.num_episodes, reasoning / rung.num_episodes];
      return element("span", { title: `L${level}: ${count(misread, "failure")} with a misreading, ${reasoning} without` },
        track("track", bar("range", 0, 1, 20), bar("bar", 0, seen, 20), bar("bar illegal", seen, seen + thought, 22)));
    });
    return element("div", { class: `ladder-failure ${runColor(run)}` }, runMark(run), ...cells);
  }));
}

const RUNG_COLUMNS = [
  ["success", "Share of successes, in %, with Wilson's 95 % interval", (rung) => estimate(rung.success, 100, (share) => percent(share))],
  ["floor", "What uniformly random play succeeds at, in %", (rung) => rung.floor === null ? null : figure(100 * rung.floor, percent(rung.floor))],
  ["ceiling", "What the best play succeeds at from these starts, in %", (rung) => rung.ceiling === null ? null : figure(100 * rung.ceiling, percent(rung.ceiling))],
  ["failures", "Episodes that did not succeed or gave away probability of success", (rung) => perceived(rung, "num_failures")],
  ["misread", "Of these, the ones that named something in the picture wrong before or at the turn that decided", (rung) => perceived(rung, "num_misread")],
  ["reasoning", "Of these, the ones that named nothing wrong, and something right", (rung) => perceived(rung, "num_reasoning")],
  ["episodes", "Finished episodes", (rung) => figure(rung.num_episodes, number(rung.num_episodes))],
];

function perceived(rung, part) {
  return rung.perception === null ? null : figure(rung.perception[part], number(rung.perception[part]));
}

function ladderTable(groups) {
  const rows = groups.flatMap(({ axis, members }) => members.flatMap(({ run, ladder }) => ladder.rungs.map((rung) => ({
    name: rung.name, label: `${axis}, L${rung.level}: ${labelOf(rung.name)}`, run, cells: RUNG_COLUMNS.map(([, , cell]) => cell(rung)),
  }))));
  return element("details", { class: "card folded" }, element("summary", { text: "Every level in figures" }),
    dataTable("Levels", RUNG_COLUMNS.map(([head, help]) => ({ head, help })), rows));
}
