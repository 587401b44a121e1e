// The filters of the episodes: a form, whose state is in the page's address.

const OUTCOMES = {
  success: ["success", (episode) => episode.is_success],
  failure: ["no success", (episode) => episode.is_finished && !episode.is_success],
  failed: ["no success, or chances given away", (episode) => episode.cause !== null],
  unplayable: ["not playable to its end", (episode) => episode.stopped !== null],
  unfinished: ["not finished", (episode) => !episode.is_finished],
};

const TURNS = {
  fault: ["with a fault", (episode) => episode.num_faults > 0],
  illegal: ["with an illegal move", (episode) => episode.num_illegal > 0],
  cut_off: ["with an answer cut off", (episode) => episode.num_cut_off > 0],
  misread: ["with a misreading", (episode) => episode.num_misread > 0],
  mistake: ["with a mistake", (episode) => episode.largest_regret !== null],
  ...Object.fromEntries([["misread", "by misreading"], ["reasoning", "by reasoning"], ["unnamed", "for unknown reasons"], ["no mistake", "without a mistake"], ["unplayable", "at a refused request"]]
    .map(([cause, words]) => [`by ${cause}`, [`failed ${words}`, (episode) => episode.cause === cause || (cause === "unnamed" && episode.cause === "unknown")]])),
};

// Conditions that no episode meets are left out, but for those that any reader looks for.
const ALWAYS = ["success", "failure", "fault", "illegal", "misread", "mistake"];

const SELECTS = ["runs", "task", "kind", "outcome", "turns"];

function turnConditions() {
  const kinds = faultKinds().map((kind) => [`fault: ${kind}`, [`with the fault “${kind}”`, (episode) => kind in episode.fault_kinds]]);
  return { ...TURNS, ...Object.fromEntries(kinds) };
}

function drawFilters() {
  const tasks = [...new Set(REPORT.episodes.map((episode) => episode.group))];
  const kinds = [...new Set(REPORT.episodes.map((episode) => episode.labels.task_type).filter(Boolean))].sort();
  byId("filters").append(
    chooser("runs", "Run", REPORT.runs.map((run) => [run.name, visible(run.name)])),
    chooser("task", "Task", tasks.map((task) => [task, visible(labelOf(task))])),
    ...(kinds.length ? [chooser("kind", "Kind", kinds.map((kind) => [kind, visible(kind)]))] : []),
    chooser("outcome", "Outcome", conditionChoices(OUTCOMES)),
    chooser("turns", "Turns", conditionChoices(turnConditions())),
    element("label", { class: "search" }, "Search", element("input", { type: "search", name: "text", placeholder: "answers, faults, seeds …", autocomplete: "off" })),
    element("button", { type: "button", class: "reset", text: "Clear the filters", on: { click: clearFilters } }));
}

function conditionChoices(conditions) {
  const isUsed = ([name, [, condition]]) => ALWAYS.includes(name) || REPORT.episodes.some(condition);
  return Object.entries(conditions).filter(isUsed).map(([name, [words]]) => [name, visible(words)]);
}

function chooser(name, label, options) {
  const all = element("option", { value: "", text: "all" });
  return element("label", {}, label, element("select", { name }, all, ...options.map(([value, text]) => element("option", { value, text }))));
}

function field(name) {
  return byId("filters").elements[name];
}

// Return the filters that are set.
function chosenFilters() {
  const values = [...SELECTS, "text"].map((name) => [name, field(name)?.value.trim() ?? ""]);
  return Object.fromEntries(values.filter(([, value]) => value));
}

// Set the filters; return those that this page does not have.
function setFilters(wanted) {
  for (const name of [...SELECTS, "text"]) if (field(name)) field(name).value = wanted[name] ?? "";
  return Object.entries(wanted).filter(([name, value]) => field(name)?.value !== value);
}

function clearFilters() {
  setFilters({});
  field("text").focus();
  onFilter();
}

async function onFilter() {
  await refresh();
  writeAddress();
}

function passes(episode, filters) {
  if (filters.runs !== undefined && REPORT.runs[episode.run].name !== filters.runs) return false;
  if (filters.task !== undefined && episode.group !== filters.task) return false;
  if (filters.kind !== undefined && episode.labels.task_type !== filters.kind) return false;
  if (filters.outcome !== undefined && !OUTCOMES[filters.outcome][1](episode)) return false;
  return filters.turns === undefined || turnConditions()[filters.turns][1](episode);
}
