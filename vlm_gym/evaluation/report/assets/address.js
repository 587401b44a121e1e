// The page's address: the filters, and the open episode with its turn.
// #runs=..&task=..&kind=..&outcome=..&turns=..&text=..&run=..&episode=..&turn=..

const FILTERS = [...SELECTS, "text"];

function addressOf(values) {
  return `#${new URLSearchParams(Object.entries(values).filter(([, value]) => value !== ""))}`;
}

// Follow the address; return whether an episode was opened. What the page does not have is said.
async function followAddress() {
  const named = Object.fromEntries([...new URLSearchParams(location.hash.slice(1))].filter(([, value]) => value));
  const isFiltered = FILTERS.some((name) => name in named);
  if (!isFiltered && !("episode" in named)) return false;
  const unknown = setFilters(Object.fromEntries(Object.entries(named).filter(([name]) => FILTERS.includes(name))));
  const problems = unknown.map(([name, value]) => `${name} “${value}”`);
  for (const [name] of unknown) if (field(name)) field(name).value = "";
  await refresh();
  const index = "episode" in named ? episodeNamed(named) : list.found[0] ?? -1;
  if ("episode" in named && index < 0) problems.push(`the episode ${named.episode}${named.run ? ` of the run “${named.run}”` : ""}`);
  const isOpen = index >= 0 && await openAt(index, named.turn, problems);
  tellDeadLink(problems);
  byId("viewer").focus({ preventScroll: true });
  byId("episode" in named ? "viewer" : "episodes").scrollIntoView();
  return isOpen;
}

function episodeNamed({ run, episode: id }) {
  const number = run === undefined ? null : runNamed(run);
  return REPORT.episodes.findIndex((episode) => episode.id === id && (number === null || episode.run === number));
}

async function openAt(index, turn = "1", problems = []) {
  const { turns } = await turnsOf(index);
  const step = turn === "end" ? turns.length : turns.findIndex((record) => String(record.turn) === turn);
  if (step < 0 && turns.length) problems.push(`turn ${turn} of ${count(turns.length, "turn")}`);
  await openEpisode(index, step);
  return true;
}

function tellDeadLink(problems) {
  byId("dead-link").hidden = !problems.length;
  byId("dead-link").textContent = problems.length
    ? visible(`This address names what the page does not have: ${problems.join("; ")}. It may be of another report, or of one with more episodes.`) : "";
}

// Write the address of what is shown; only once somebody has moved.
function writeAddress() {
  if (!document.documentElement.dataset.ready) return;
  tellDeadLink([]);
  history.replaceState(null, "", addressOf({ ...chosenFilters(), ...openPlace() }));
}

function openPlace() {
  if (viewer.index === null) return {};
  const episode = REPORT.episodes[viewer.index];
  return { run: REPORT.runs[episode.run].name, episode: episode.id, turn: isOver() ? "end" : String(viewer.turns[viewer.step].turn) };
}
