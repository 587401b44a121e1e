// Draws the page, and follows the keyboard and the printer.

function drawPage() {
  byId("title").textContent = visible(REPORT.runs.map((run) => run.name).join(" · "));
  byId("facts").textContent = visible(reportFacts());
  byId("viewer-notes").textContent = visible(REPORT.notes.join(" "));
  byId("footer").textContent = visible(`Written by vlm-gym ${REPORT.vlm_gym}, ${REPORT.written}. Keys: ← → turns (in the viewer also Home and End), d the deciding turn, n and p the next and the previous episode, / search.`);
  drawSummary();
  drawCharts();
  drawLadders();
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

// Draw all that changes with the runs; filters and what the reader has unfolded stay.
function drawAgain() {
  const filters = chosenFilters();
  const unfolded = [...document.querySelectorAll("main details[open] > summary")].map((summary) => summary.textContent);
  for (const id of ["summary", "ladders", "comparison", "runs"]) byId(id).replaceChildren(byId(id).querySelector("h2"));
  for (const id of ["chart-list", "filters"]) byId(id).replaceChildren();
  drawPage();
  for (const summary of document.querySelectorAll("main details > summary")) {
    if (unfolded.includes(summary.textContent)) summary.parentElement.open = true;
  }
  setFilters(filters);
}

async function start() {
  drawPage();
  await refresh();
  if (!(await followAddress()) && viewer.index === null && REPORT.episodes.length) await openEpisode(list.found[0] ?? 0);
  document.documentElement.dataset.ready = "true";
}

const KEYS = {
  ArrowLeft: () => goTo(viewer.step - 1),
  ArrowRight: () => goTo(viewer.step + 1),
  d: goToDeciding,
  n: () => chooseBeside(1),
  p: () => chooseBeside(-1),
  "/": () => field("text").focus(),
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

// Paper has nothing to unfold: all is open on it.
const unfolded = [];

function unfoldForPaper() {
  unfolded.push(...document.querySelectorAll("details:not([open])"));
  for (const details of unfolded) {
    details.open = true;
    details.dispatchEvent(new Event("toggle")); // the browser's own comes too late
  }
}

function foldAgain() {
  for (const details of unfolded.splice(0)) details.open = false;
}

document.addEventListener("keydown", onKey);
byId("filters").addEventListener("input", onFilter);
byId("filters").addEventListener("focusin", (event) => { if (event.target.name === "text") readForSearch(); });
byId("filters").addEventListener("submit", (event) => event.preventDefault());
byId("more").addEventListener("click", showMore);
window.addEventListener("hashchange", followAddress);
window.addEventListener("beforeprint", unfoldForPaper);
window.addEventListener("afterprint", foldAgain);
start();
