// The list of episodes and its filters.

const PAGE = 100;

const list = { found: [], numShown: PAGE, searched: null };

const CHOICES = {
  outcome: ["Outcome", { success: "success", failure: "no success", unplayable: "not playable to its end" }],
  turns: ["Turns", { fault: "with a fault", illegal: "with an illegal move", misread: "with a misreading", mistake: "with a mistake", misled: "failed by a misreading" }],
};

const CONDITIONS = {
  success: (episode) => episode.is_success,
  failure: (episode) => !episode.is_success,
  unplayable: (episode) => episode.stopped !== null,
  fault: (episode) => episode.num_faults > 0,
  illegal: (episode) => episode.num_illegal > 0,
  misread: (episode) => episode.num_misread > 0,
  mistake: (episode) => episode.regret > 0.0005,
  misled: (episode) => episode.cause === "misread",
};

function shortTask(task) {
  return task.replace("vlm_gym/", "").replace(/-v\d+(?=[ ,]|$)/, "");
}

function drawFilters() {
  const tasks = [...new Set(REPORT.episodes.map((episode) => episode.group))];
  byId("filters").append(
    chooser("run", "Run", REPORT.runs.map((run, index) => [index, visible(run.name)])),
    chooser("task", "Task", tasks.map((task) => [task, visible(shortTask(task))])),
    ...Object.entries(CHOICES).map(([name, [label, options]]) => chooser(name, label, Object.entries(options))),
    element("label", { class: "search" }, "Search", element("input", { type: "search", name: "text", placeholder: "answers, faults, seeds …", autocomplete: "off" })));
  byId("filters").addEventListener("input", refresh);
  byId("filters").addEventListener("submit", (event) => event.preventDefault());
  byId("more").addEventListener("click", () => { list.numShown += PAGE; drawList(); });
}

function chooser(name, label, options) {
  const all = element("option", { value: "", text: "all" });
  return element("label", {}, label, element("select", { name }, all, ...options.map(([value, text]) => element("option", { value, text }))));
}

async function refresh() {
  const form = byId("filters").elements;
  const words = form.text.value.trim().toLowerCase();
  if (words && !list.searched) {
    byId("found").textContent = "Reading the answers …";
    list.searched = await allTexts();
  }
  if (form.text.value.trim().toLowerCase() !== words) return;
  list.found = REPORT.episodes.map((_, index) => index).filter((index) => isFound(index, form, words));
  list.numShown = PAGE;
  drawList();
}

function isFound(index, form, words) {
  const episode = REPORT.episodes[index];
  if (form.run.value !== "" && episode.run !== Number(form.run.value)) return false;
  if (form.task.value !== "" && episode.group !== form.task.value) return false;
  for (const name of Object.keys(CHOICES)) {
    if (form[name].value !== "" && !CONDITIONS[form[name].value](episode)) return false;
  }
  return !words || list.searched[index].includes(words);
}

// What a search looks through: an episode's start and end, its answers, and what was wrong with them.
async function allTexts() {
  return Promise.all(REPORT.episodes.map(async (episode, index) => {
    const turns = await turnsOf(index);
    const told = turns.flatMap((turn) => [...turn.answers, turn.fault ?? "", turn.illegal ?? ""]);
    return [shortTask(episode.task), startOf(episode), episode.id, ...told, episode.final_text].join("\n").toLowerCase();
  }));
}

function drawList() {
  const shown = list.found.slice(0, list.numShown);
  byId("found").textContent = list.found.length ? count(list.found.length, "episode") : "No episode fits these filters.";
  byId("episode-list").replaceChildren(...shown.map(listItem));
  byId("more").hidden = shown.length === list.found.length;
  markOpen(viewer.index);
}

function listItem(index) {
  const episode = REPORT.episodes[index];
  const notes = [count(episode.num_turns, "turn"), `return ${signed(episode.total_reward)}`];
  if (episode.num_faults) notes.push(count(episode.num_faults, "fault"));
  if (episode.stopped !== null) notes.push("unplayable");
  if (episode.num_illegal) notes.push(`${episode.num_illegal} illegal`);
  if (episode.num_misread) notes.push(`${episode.num_misread} misread`);
  const outcome = element("span", { class: `outcome ${episode.is_success ? "good" : "bad"}`, text: episode.is_success ? "✓" : "✗", role: "img", "aria-label": episode.is_success ? "success" : "no success" });
  return element("li", {}, element("button", { type: "button", class: "episode", "data-index": index, on: { click: () => choose(index) } },
    outcome,
    element("span", { class: "episode-name", text: visible(`${shortTask(episode.task)} · ${startOf(episode)}`) }),
    element("span", { class: "episode-notes muted" }, runLabel(episode.run), ` · ${notes.join(" · ")}`)));
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
