"use strict";
// The page of `vlm-gym play --web`. It shows what the server says and sends what the person does; all rules are there.
// Every text gets onto the page through textContent.

const MANY = 16; // actions from which on they are grouped and can be filtered
const CHANGED_ELSEWHERE = 409;

const byId = (id) => document.getElementById(id);
let state = null;
let shortcuts = new Map(); // key -> button
let isBusy = false;

function make(tag, properties = {}, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
}

// Talking to the server

async function load() {
  await exchange("state");
}

async function send(path, values) {
  if (isBusy) return false;
  return exchange(path, { version: state.version, ...values });
}

async function exchange(path, values) {
  setBusy(true);
  try {
    const reply = await fetch(path, values && {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(values),
    });
    const told = await reply.json();
    tell(reply.ok ? "" : told.error);
    const next = reply.ok ? told : told.state;
    if (next) show(next, reply.status === CHANGED_ELSEWHERE || !values);
    return reply.ok;
  } catch (error) {
    tell("The server does not answer. Is `vlm-gym play --web` still running? What you have played is recorded.");
    return false;
  } finally {
    setBusy(false);
  }
}

function setBusy(value) {
  isBusy = value;
  document.body.classList.toggle("busy", value);
}

function tell(problem) {
  byId("problem").textContent = problem;
  byId("problem").hidden = !problem;
}

// Showing a state

function show(next, isVisit) {
  if (state && state.version === next.version) return;
  const previous = state;
  state = next;
  for (const [id, phases] of Object.entries({ choose: ["choose"], done: ["done"], game: ["play", "over"] })) {
    byId(id).hidden = !phases.includes(state.phase);
  }
  byId("to-tasks").hidden = !state.can_choose || state.phase === "choose";
  showHeader();
  shortcuts = new Map();
  if (state.phase === "choose") showTasks();
  if (state.phase === "done") showDone();
  if (state.episode) showEpisode(previous);
  if (!isVisit) moveFocus(previous);
}

function showHeader() {
  const episode = state.episode;
  byId("title").textContent = episode ? shortName(episode.task) : "vlm-gym";
  document.title = episode ? `${shortName(episode.task)} · vlm-gym play` : "vlm-gym play";
  byId("subtitle").textContent = episode ? place() : "";
  const played = `${state.num_successes} of ${state.num_played}`;
  const figures = episode
    ? [["Turn", `${Math.min(episode.turn, episode.max_turns)} of ${episode.max_turns}`],
       ["Return", signed(episode.total_reward)], ["Successes", played]]
    : [["Successes", played]];
  byId("figures").replaceChildren(...figures.map(([name, value]) =>
    make("div", {}, make("dt", { textContent: name }), make("dd", { textContent: value }))));
}

function place() {
  const isOver = state.phase === "over";
  const number = state.num_played + (isOver ? 0 : 1);
  return state.num_episodes ? `Episode ${number} of ${state.num_episodes}` : `Seed ${state.episode.seed}`;
}

function showTasks() {
  byId("tasks").replaceChildren(...state.tasks.map((task) => {
    const turns = task.turns === 1 ? "one turn" : `up to ${task.turns} turns`;
    const data = task.needs_data ? "; needs vlm-gym download alfworld" : "";
    const button = make("button", { type: "button" },
      make("b", { textContent: shortName(task.id) }),
      make("span", { textContent: task.summary }),
      make("span", { textContent: `${turns}${data}` }));
    button.addEventListener("click", () => send("choose", { task: task.id }));
    return make("li", {}, button);
  }));
}

function showDone() {
  byId("done-told").textContent =
    `${state.num_successes} of ${state.num_played} succeeded. Ctrl-C in the terminal ends; vlm-gym report reads the run.`;
}

function showEpisode(previous) {
  const episode = state.episode;
  const isOver = state.phase === "over";
  const isNew = !previous || !previous.episode || key(previous.episode) !== key(episode);
  byId("goal").textContent = episode.goal ? `Task: ${episode.goal}` : "";
  byId("goal").hidden = !episode.goal;
  byId("prompt").textContent = episode.prompt;
  if (isNew) byId("prompt").scrollTop = 0;
  showPicture(episode.picture, "");
  showFeedback(episode, isOver);
  byId("turn").hidden = isOver;
  byId("prompt-box").hidden = isOver;
  byId("result").hidden = !isOver;
  if (isOver) showResult(episode);
  else showActions(episode.actions);
  showLog(episode.log);
}

function key(episode) {
  return `${episode.task} ${episode.seed}`;
}

function showPicture(name, caption) {
  byId("picture").src = `pictures/${name}.png`;
  byId("caption").textContent = caption;
  byId("caption").hidden = !caption;
}

function showFeedback(episode, isOver) {
  const box = byId("feedback");
  const last = episode.log[episode.log.length - 1];
  box.className = !last ? "" : last.fault || last.illegal || last.reward < 0 ? "bad" : last.reward > 0 ? "good" : "";
  box.hidden = isOver && !(last.fault || last.illegal);
  box.replaceChildren(...(last ? feedback(last) : [make("p", { textContent: "Your turn. What do you see?" })]));
}

function feedback(turn) {
  const lines = [make("p", {}, make("span", { className: "reward", textContent: `Turn ${turn.turn}: ${paid(turn)}` }))];
  if (turn.illegal) lines.push(make("p", { textContent: `Not allowed: ${turn.illegal}` }));
  if (turn.fault) lines.push(make("p", { textContent: `Not understood: ${turn.fault}` }));
  return lines;
}

function paid(turn) {
  const terms = Object.entries(turn.rewards).map(([name, value]) => `${name} ${signed(value)}`);
  return `reward ${signed(turn.reward)}${terms.length ? ` (${terms.join(", ")})` : ""}`;
}

function showLog(log) {
  byId("past").hidden = log.length === 0;
  byId("log").replaceChildren(...log.slice().reverse().map((turn) => {
    const what = make("span", { className: "what", textContent: turn.action || "" });
    if (turn.answer.trim() !== turn.action) what.append(turn.action ? " " : "", make("q", { textContent: turn.answer }));
    const wrong = turn.illegal || turn.fault;
    if (wrong) what.append(make("div", { className: "wrong", textContent: `${turn.illegal ? "Not allowed" : "Not understood"}: ${wrong}` }));
    return make("li", {},
      make("span", { className: "number", textContent: turn.turn }), what,
      make("span", { className: "paid", textContent: paid(turn).replace("reward ", "") }));
  }));
}

// Actions

function showActions(actions) {
  const isMany = actions.length >= MANY;
  byId("actions-box").hidden = actions.length === 0;
  byId("actions-box").classList.toggle("many", isMany);
  byId("filter").hidden = !isMany;
  byId("filter").value = "";
  const groups = isMany ? grouped(actions) : [["", actions]];
  byId("actions").replaceChildren(...groups.map(([name, members]) => group(name, members)));
  setShortcuts();
}

// Household commands go by their first words: "go to", "take", ...
function grouped(actions) {
  const groups = new Map();
  for (const action of actions) {
    const name = action.startsWith("go to ") ? "go to" : action.includes(" ") ? action.split(" ")[0] : "";
    groups.set(name, [...(groups.get(name) || []), action]);
  }
  const inOrder = new Intl.Collator("en", { numeric: true });
  const rank = (name) => (name === "go to" ? 2 : name === "" ? 3 : 1); // what can be done here comes first
  return [...groups]
    .map(([name, members]) => [name, members.sort(inOrder.compare)])
    .sort(([a], [b]) => rank(a) - rank(b) || inOrder.compare(a, b));
}

function group(name, actions) {
  const longest = Math.max(...actions.map((action) => action.length));
  const size = name || byId("actions-box").classList.contains("many") ? "" : longest <= 2 ? " symbols" : " large";
  const buttons = make("div", { className: `buttons${size}` });
  for (const action of actions) {
    const button = make("button", { type: "button" }, make("span", { textContent: action.slice(name && name.length + 1) }));
    button.setAttribute("aria-label", action);
    button.dataset.action = action;
    button.addEventListener("click", () => play(action));
    buttons.append(button);
  }
  return make("div", { className: "group" }, ...(name ? [make("h3", { textContent: name })] : []), buttons);
}

function visibleButtons() {
  return [...byId("actions").querySelectorAll("button")].filter((button) => !button.hidden);
}

// Each button's key: its own sign, "0" for 10, its first letter if no other button has it, else a digit in order.
function setShortcuts() {
  shortcuts = new Map();
  const buttons = visibleButtons();
  const initials = buttons.map((button) => button.dataset.action[0].toLowerCase());
  const isUnique = (letter) => /[a-z]/.test(letter) && initials.filter((other) => other === letter).length === 1;
  const isMany = byId("actions-box").classList.contains("many");
  const digits = [..."123456789"];
  for (const button of buttons) {
    const action = button.dataset.action;
    let sign = isMany ? digits.shift() : action.length === 1 ? action : action === "10" ? "0" : undefined;
    if (!isMany && sign === undefined && isUnique(action[0].toLowerCase())) sign = action[0].toLowerCase();
    if (!isMany && sign === undefined) sign = [..."jqkxyz"].find((letter) => !shortcuts.has(letter));
    button.querySelector("kbd")?.remove();
    button.removeAttribute("aria-keyshortcuts");
    if (sign === undefined) continue;
    shortcuts.set(sign, button);
    button.setAttribute("aria-keyshortcuts", sign);
    if (sign !== action) button.append(make("kbd", { textContent: sign.toUpperCase() }));
  }
}

function filterActions() {
  const words = byId("filter").value.toLowerCase().split(/\s+/).filter(Boolean);
  for (const button of byId("actions").querySelectorAll("button")) {
    button.hidden = !words.every((word) => button.dataset.action.includes(word));
    button.classList.remove("marked");
  }
  for (const box of byId("actions").children) box.hidden = !box.querySelector("button:not([hidden])");
  setShortcuts();
  if (words.length) visibleButtons()[0]?.classList.add("marked");
}

async function play(text) {
  if (await send("answer", { text })) byId("answer").value = "";
}

// The end of an episode

function showResult(episode) {
  const result = episode.result;
  const turns = `${result.turns.length} turn${result.turns.length === 1 ? "" : "s"}`;
  byId("outcome").textContent = `${result.outcome} after ${turns}, return ${signed(episode.total_reward)}`;
  byId("outcome").className = result.is_success ? "good" : "bad";
  byId("final-text").textContent = result.final_text;
  byId("oracles-view").textContent = result.oracles_view;
  byId("review").replaceChildren(...result.turns.map(reviewed));
}

function reviewed(turn) {
  const button = make("button", { type: "button", textContent: turn.turn });
  button.setAttribute("aria-label", `Show the picture of turn ${turn.turn}`);
  const bar = make("div", { className: "bar" }, make("i", { className: "before" }), make("i", { className: "after" }));
  bar.children[0].style.width = `${100 * turn.value_before}%`;
  bar.children[1].style.width = `${100 * Math.min(turn.value_after, 1)}%`;
  const chance = make("div", { className: "chance" }, bar,
    make("span", { textContent: `${percent(turn.value_before)} → ${percent(turn.value_after)}` }));
  const row = make("tr", { className: turn.is_loss ? "loss" : "" },
    make("td", {}, button),
    make("td", { className: "action", textContent: turn.action ?? "(not understood)" }),
    make("td", { className: "oracle", textContent: turn.oracle_action ?? "nothing helps" }),
    make("td", {}, chance));
  button.addEventListener("click", () => {
    const isShown = row.classList.contains("shown");
    for (const other of byId("review").children) other.classList.remove("shown");
    row.classList.toggle("shown", !isShown);
    if (isShown) showPicture(state.episode.picture, "");
    else showPicture(turn.picture, `What you saw at turn ${turn.turn}`);
  });
  return row;
}

// Focus and keys

function moveFocus(previous) {
  if (state.phase !== "play") {
    document.querySelector("main:not([hidden]) h2:not([hidden])")?.focus();
    window.scrollTo(0, 0);
    return;
  }
  if (previous?.phase !== "play") window.scrollTo(0, 0);
  if (document.activeElement && document.activeElement !== document.body) return;
  byId("actions-box").focus({ preventScroll: true });
}

function onKey(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || byId("help").open || !state) return;
  const target = event.target;
  if (target.matches("input, textarea")) {
    onKeyInText(event, target);
    return;
  }
  const button = shortcuts.get(event.key.toLowerCase());
  if (button && state.phase === "play") button.click();
  else if (event.key === "?") byId("help").showModal();
  else if (event.key.toLowerCase() === "n" && state.phase === "over") send("next", {});
  else if (event.key === "/" && state.phase === "play" && !byId("filter").hidden) byId("filter").focus();
  else if (event.key === "Enter" && state.phase === "play" && !target.matches("button, summary")) byId("answer").focus();
  else return;
  event.preventDefault();
}

function onKeyInText(event, target) {
  if (event.key === "Escape") {
    if (target.id === "filter") target.value = "";
    if (target.id === "filter") filterActions();
    target.blur();
  } else if (event.key === "Enter" && target.id === "filter") {
    byId("actions").querySelector("button.marked")?.click();
  } else if (event.key === "Enter" && !event.shiftKey) {
    byId("answer-form").requestSubmit();
  } else return;
  event.preventDefault();
}

const shortName = (id) => id.replace("vlm_gym/", "").replace(/-v\d+$/, "");
const signed = (value) => (value > 0 ? `+${round(value)}` : value < 0 ? `−${round(-value)}` : "0");
const round = (value) => String(Math.round(value * 1000) / 1000);
const percent = (value) => `${Math.round(value * 1000) / 10} %`;

document.addEventListener("keydown", onKey);
document.addEventListener("visibilitychange", () => { if (!document.hidden && !isBusy) load(); });
byId("filter").addEventListener("input", filterActions);
byId("answer-form").addEventListener("submit", (event) => {
  event.preventDefault();
  play(byId("answer").value);
});
byId("next").addEventListener("click", () => send("next", {}));
byId("to-tasks").addEventListener("click", () => send("choose", { task: null }));
byId("to-help").addEventListener("click", () => byId("help").showModal());
byId("prompt-box").open = window.matchMedia("(min-width: 821px)").matches;
load();
