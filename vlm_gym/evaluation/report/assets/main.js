// Draws the page, follows its address (#run=..&episode=..&turn=..) and the keyboard.

function drawPage() {
  byId("title").textContent = visible(REPORT.runs.map((run) => run.name).join(" · "));
  byId("facts").textContent = visible(reportFacts());
  byId("viewer-notes").textContent = visible(REPORT.notes.join(" "));
  byId("footer").textContent = visible(`Written by vlm-gym ${REPORT.vlm_gym}, ${REPORT.written}. Keys: ← → turns (in the viewer also Home and End), n and p the next and the previous episode, / search.`);
  drawSummary();
  drawCharts();
  drawComparison();
  drawRuns();
  drawFilters();
}

function reportFacts() {
  const panels = [...new Set(REPORT.runs.map((run) => run.summary.panel ?? "chosen tasks"))];
  const sumOf = (name) => REPORT.runs.reduce((sum, run) => sum + run.summary[name], 0);
  const [done, planned] = [sumOf("num_episodes"), sumOf("num_planned")];
  const episodes = done < planned ? `${number(done)} of ${count(planned, "episode")}` : count(done, "episode");
  return [count(REPORT.runs.length, "run"), panels.join(", "), episodes, REPORT.written].join(" · ");
}

async function start() {
  drawPage();
  list.found = REPORT.episodes.map((_, index) => index);
  drawList();
  if (!(await followAddress()) && REPORT.episodes.length) await openEpisode(0);
  document.documentElement.dataset.ready = "true";
}

// Open what the address names; return whether it names an episode of this page.
async function followAddress() {
  const named = new URLSearchParams(location.hash.slice(1));
  if (!named.has("episode")) return false;
  const run = runNamed(named.get("run"));
  const index = REPORT.episodes.findIndex((episode) => episode.id === named.get("episode") && (run < 0 || episode.run === run));
  if (index < 0) return false;
  const turns = await turnsOf(index);
  const turn = named.get("turn") ?? "1";
  await openEpisode(index, turn === "end" ? turns.length : turns.findIndex((record) => String(record.turn) === turn));
  byId("viewer").focus({ preventScroll: true });
  byId("viewer").scrollIntoView();
  return true;
}

// The address of what is shown; it is written only once somebody has moved.
function writeAddress() {
  if (!document.documentElement.dataset.ready) return;
  const episode = REPORT.episodes[viewer.index];
  const turn = isOver() ? "end" : viewer.turns[viewer.step].turn;
  history.replaceState(null, "", `#${new URLSearchParams({ run: REPORT.runs[episode.run].name, episode: episode.id, turn })}`);
}

const KEYS = {
  ArrowLeft: () => goTo(viewer.step - 1),
  ArrowRight: () => goTo(viewer.step + 1),
  n: () => chooseBeside(1),
  p: () => chooseBeside(-1),
  "/": () => byId("filters").elements.text.focus(),
};

// Elsewhere these scroll the page.
const VIEWER_KEYS = {
  Home: () => goTo(0),
  End: () => goTo(viewer.turns.length),
};

function onKey(event) {
  const isTyping = event.target.closest("input, select, textarea, .scrolling");
  const act = KEYS[event.key] ?? (event.target.closest("#viewer") ? VIEWER_KEYS[event.key] : undefined);
  if (isTyping || event.ctrlKey || event.metaKey || event.altKey || !act) return;
  event.preventDefault();
  act();
}

document.addEventListener("keydown", onKey);
window.addEventListener("hashchange", followAddress);
start();
