// The columns of the tables of scores: head, what it means, and the cell of a run's scores in a group (null for none).
// Cells lead to the episodes that they count.

const UNKNOWN = figure(undefined, "?"); // of a task without an oracle, or whose floor nobody has computed

const COLUMNS = [
  ["Success", "Share of episodes that reached the goal, in %, with its 95 % interval", (scores, link) => estimate(scores.success, 100, (x) => percent(x), { link: link({ outcome: "success" }) })],
  ["If missing", "Success in % if all episodes that are missing failed, and if all succeeded", ({ bounds }) => bounds === null ? null : figure(100 * bounds.low, `${percent(bounds.low)} to ${percent(bounds.high)}`, { kind: "missing-bounds" })],
  ["Floor", "What uniformly random actions succeed at, in %; ~ if it was measured, not computed", (scores) => scores.floor === null ? UNKNOWN : figure(100 * scores.floor, (scores.is_floor_exact ? "" : "~") + percent(scores.floor))],
  ["Ceiling", "What the best play succeeds at from these very starts, in %, exactly", (scores) => scores.ceiling === null ? UNKNOWN : figure(100 * scores.ceiling, percent(scores.ceiling))],
  ["Score", "Success on the scale on which the floor is 0 and the ceiling 1", (scores) => estimate(scores.score, 1, (x) => fixed(x))],
  ["Return", "Mean undiscounted return", (scores) => estimate(scores.mean_return, 1, (x) => fixed(x))],
  ["Faults", "Turns whose answer could not be read, in %", (scores, link) => figure(100 * scores.fault_rate, percent(scores.fault_rate), { link: link({ turns: "fault" }) })],
  ["Illegal", "Turns whose move broke a rule, in %", (scores, link) => figure(100 * scores.illegal_rate, percent(scores.illegal_rate), { link: link({ turns: "illegal" }) })],
  ["Cut off", "Turns whose answer ended at the token limit, in %", (scores, link) => scores.cut_off_rate ? figure(100 * scores.cut_off_rate, percent(scores.cut_off_rate), { link: link({ turns: "cut_off" }) }) : null],
  ["Not asked", "Turns whose answer was taken again without asking the model, since nothing had changed, in % (--stop-repeats)", (scores) => scores.repeated_rate ? figure(100 * scores.repeated_rate, percent(scores.repeated_rate)) : null],
  ["Misread", "Readings that name something else than the picture shows, in % of all that name anything", (scores, link) => scores.perception === null ? null : figure(100 * misreadShare(scores.perception), percent(misreadShare(scores.perception)), { link: link({ turns: "misread" }) })],
  ["Regret", "Probability of success that an episode's choices gave away, on average, luck left out", (scores, link) => scores.regret === null ? UNKNOWN : figure(scores.regret, fixed(scores.regret), { link: link({ turns: "mistake" }) })],
  ["Turns", "Mean number of turns of an episode", (scores) => figure(scores.turns, fixed(scores.turns, 1))],
  ["Tokens", "Tokens read and written by all episodes", (scores) => tokens(scores) ? figure(tokens(scores), compact(tokens(scores))) : null],
  ["Cost", "Sum over all episodes, in the currency of the prices given", (scores) => scores.cost ? figure(scores.cost, number(scores.cost, 4)) : null],
  ["s/turn", "Mean seconds from a request to its answer", (scores) => scores.latency_s >= 0.005 ? figure(scores.latency_s, fixed(scores.latency_s)) : null],
  ["Episodes", "Finished episodes, of those that were to be played if some are missing", (scores, link) => figure(scores.num_episodes, coverage(scores), { link: link({}) })],
  ["Unplayable", "Episodes with a request that was too long for the model, or whose content was not let through", (scores, link) => scores.num_unplayable ? figure(scores.num_unplayable, number(scores.num_unplayable), { link: link({ outcome: "unplayable" }) }) : null],
];

const PERCEPTION = [
  ["Read right", "Readings that name what the picture shows, or as much of it as matters, in %", (scores) => readingShare(scores, (field) => field.num_right + field.num_inexact)],
  ["wrong", "Readings that name something else, in %", (scores, link) => readingShare(scores, (field) => field.num_wrong, link({ turns: "misread" }))],
  ["not named", "What was asked for and not named, in %", (scores) => readingShare(scores, (field) => field.num_unnamed)],
  ["Failures", "Episodes that did not succeed or gave away probability of success", (scores, link) => ofFailures(scores, "num_failures", link({ outcome: "failed" }))],
  ["by misreading", "of these, with something named wrong at the turn that decided, or before", (scores, link) => ofFailures(scores, "num_misread", link({ turns: "by misread" }))],
  ["by reasoning", "of these, with all that was named being right", (scores, link) => ofFailures(scores, "num_reasoning", link({ turns: "by reasoning" }))],
  ["unknown", "of these, with nothing named at the turn that decided, or in a task without an oracle", (scores, link) => ofFailures(scores, "num_unnamed", link({ turns: "by unnamed" }))],
  ["no mistake", "of these, decided by luck, or from a start that cannot be won", (scores, link) => ofFailures(scores, "num_no_mistake", link({ turns: "by no mistake" }))],
  ["unplayable", "of these, with a request that was too long or whose content was not let through", (scores, link) => ofFailures(scores, "num_unplayable", link({ turns: "by unplayable" }))],
];

// A column for each kind of fault that there is.
function faultColumns() {
  return faultKinds().map((kind) => [kind, `Turns with the fault “${kind}”; the share is of all turns`, ({ fault_kinds: kinds, num_turns: turns }, link) =>
    kinds[kind] ? figure(kinds[kind], `${number(kinds[kind])} (${percent(kinds[kind] / turns)} %)`, { link: link({ turns: `fault: ${kind}` }) }) : null]);
}

function faultKinds() {
  return [...new Set(REPORT.runs.flatMap((run) => Object.keys(run.summary.overall.fault_kinds)))].sort();
}

// The columns of what several attempts at a start tell; one attempt is the success itself.
function repeatColumns() {
  const rates = ({ repeats }) => repeats?.rates ?? [];
  const ks = [...new Set(REPORT.runs.flatMap((run) => run.summary.tasks.flatMap(rates)).map(({ k }) => k))].filter((k) => k > 1).sort((a, b) => a - b);
  const rate = (k, name) => (scores) => estimate(rates(scores).find((each) => each.k === k)?.[name] ?? null, 100, (x) => percent(x));
  return [
    ["Attempts", "The most finished attempts at one start", ({ repeats }) => figure(repeats.num_attempts, number(repeats.num_attempts))],
    ...ks.map((k) => [`pass@${k}`, `Probability that one of ${k} attempts at a start succeeds, in %, with its 95 % interval`, rate(k, "pass_any")]),
    ...ks.map((k) => [`all of ${k}`, `Probability that ${k} attempts at a start all succeed, in %, with its 95 % interval`, rate(k, "pass_all")]),
    ["Alike", "Probability that two attempts at a start end alike, in success or in failure, in %", ({ repeats }) => estimate(repeats.consistency, 100, (x) => percent(x))],
  ];
}

function tokens(scores) {
  return scores.prompt_tokens + scores.completion_tokens;
}

function readingsOf(perception) {
  const total = (size) => perception.fields.reduce((sum, field) => sum + size(field), 0);
  return { total, num: total((field) => field.num_right + field.num_inexact + field.num_wrong + field.num_unnamed) };
}

function misreadShare(perception) {
  const { total, num } = readingsOf(perception);
  return total((field) => field.num_wrong) / Math.max(1, num - total((field) => field.num_unnamed));
}

function readingShare(scores, size, link = null) {
  if (scores.perception === null) return null;
  const { total, num } = readingsOf(scores.perception);
  const share = total(size) / Math.max(1, num);
  return figure(100 * share, percent(share), { link });
}

function ofFailures(scores, name, link) {
  return scores.perception === null ? null : figure(scores.perception[name], number(scores.perception[name]), { link });
}

function coverage({ num_episodes: done, num_planned: planned }) {
  return planned === null || done >= planned ? number(done) : `${number(done)} of ${number(planned)}`;
}
