// The list of episodes: those that pass the filters.

const PAGE = 100;

const list = { found: [], numShown: PAGE, searched: null };

// Begin to read what a search looks through; the reader who goes to the search field will want it.
function readForSearch() {
  list.searched ??= allSaid().then((texts) => texts.map((text, index) => `${titleOf(REPORT.episodes[index])} ${REPORT.episodes[index].id}\n`.toLowerCase() + text));
  return list.searched;
}

async function refresh() {
  const filters = chosenFilters();
  const words = (filters.text ?? "").toLowerCase();
  let texts = null;
  if (words) {
    byId("found").textContent = "Reading the answers …";
    texts = await readForSearch();
    if ((chosenFilters().text ?? "").toLowerCase() !== words) return;
  }
  list.found = REPORT.episodes.map((_, index) => index)
    .filter((index) => passes(REPORT.episodes[index], filters) && (texts === null || texts[index].includes(words)));
  list.numShown = PAGE;
  drawList();
}

function drawList() {
  const shown = list.found.slice(0, list.numShown);
  byId("found").textContent = list.found.length ? count(list.found.length, "episode") : "No episode fits these filters.";
  byId("episode-list").replaceChildren(...shown.map(listItem));
  byId("more").hidden = shown.length === list.found.length;
  markOpen(viewer.index);
}

function showMore() {
  list.numShown += PAGE;
  drawList();
}

function titleOf(episode) {
  return `${labelOf(episode.group)} · ${startOf(episode)}`;
}

// What an episode begins with: its seed, and what else tells it from others of its task.
function startOf(episode) {
  const parts = [`seed ${episode.seed}`];
  if (episode.repeat > 0) parts.push(`attempt ${episode.repeat + 1}`);
  parts.push(...Object.values(episode.labels));
  for (const [name, value] of Object.entries(episode.options ?? {})) {
    if (episode.labels[name] !== value) parts.push(`${name} ${JSON.stringify(value)}`);
  }
  return parts.join(" · ");
}

function listItem(index) {
  const episode = REPORT.episodes[index];
  const notes = [count(episode.num_turns, "turn"), `return ${signed(episode.total_reward)}`];
  if (episode.num_faults) notes.push(count(episode.num_faults, "fault"));
  if (!episode.is_finished) notes.push("not finished");
  if (episode.stopped !== null) notes.push("unplayable");
  if (episode.num_illegal) notes.push(`${episode.num_illegal} illegal`);
  if (episode.num_misread) notes.push(`${episode.num_misread} misread`);
  return element("li", {}, element("button", { type: "button", class: "episode", "data-index": index, on: { click: () => choose(index) } },
    outcomeSign(episode),
    element("span", { class: "episode-name", text: visible(titleOf(episode)) }),
    element("span", { class: "episode-notes muted" }, runLabel(episode.run), ` · ${notes.join(" · ")}`)));
}

function outcomeSign({ is_finished: isFinished, is_success: isSuccess }) {
  const [kind, text, words] = !isFinished ? ["muted", "…", "not finished"] : isSuccess ? ["good", "✓", "success"] : ["bad", "✗", "no success"];
  return element("span", { class: `outcome ${kind}`, text, role: "img", "aria-label": words });
}

async function choose(index) {
  await openEpisode(index);
  if (matchMedia("(max-width: 860px)").matches) byId("viewer").scrollIntoView();
}

// Mark an episode in the list, as far down as it may be.
function showInList(index) {
  const place = list.found.indexOf(index);
  if (place >= list.numShown) {
    list.numShown = place + PAGE;
    drawList();
  }
  markOpen(index);
  const open = byId("episode-list").querySelector("[aria-current]");
  if (!open) return;
  const { scrollTop, clientHeight } = byId("episode-list");
  const isSeen = open.offsetTop >= scrollTop && open.offsetTop + open.offsetHeight <= scrollTop + clientHeight;
  if (!isSeen) byId("episode-list").scrollTop = open.offsetTop - clientHeight / 3;
}

function markOpen(index) {
  for (const button of byId("episode-list").querySelectorAll("button")) {
    if (Number(button.dataset.index) === index) button.setAttribute("aria-current", "true");
    else button.removeAttribute("aria-current");
  }
}

// Open the next or the previous episode of the list.
function chooseBeside(distance) {
  const index = list.found[list.found.indexOf(viewer.index) + distance];
  if (index !== undefined) openEpisode(index);
}
