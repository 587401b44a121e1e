// The page of `vlm-gym play --web`. It shows what the server says and sends what the person does; all rules are there.

import { buttonOf, filterActions, moveMark, playMarked, showActions } from "./actions.js";
import { byId, make, shortName, signed } from "./dom.js";
import { showRequest } from "./request.js";
import { showFeedback, showPicture, showTurns } from "./turns.js";

const CONFLICT = 409; // another tab has gone on
const WIDE = "(min-width: 821px)"; // as in page.css

let state = null;
let isBusy = false;

// Talking to the server

async function load() {
  await exchange("state");
}

async function send(path, values) {
  return !isBusy && exchange(path, { version: state.version, ...values });
}

async function play(text) {
  if (await send("answer", { text })) byId("answer").value = "";
}

async function exchange(path, values) {
  setBusy(true);
  const reply = await ask(path, values);
  setBusy(false);
  tell(reply.isGood ? "" : reply.told.error);
  const next = reply.isGood ? reply.told : reply.told.state;
  if (next && next.version !== state?.version) show(next, !values || reply.status === CONFLICT);
  return reply.isGood;
}

async function ask(path, values) {
  const headers = { "Content-Type": "application/json" };
  try {
    const reply = await fetch(path, values && { method: "POST", headers, body: JSON.stringify(values) });
    return { isGood: reply.ok, status: reply.status, told: await reply.json() };
  } catch (error) {
    const told = "The server does not answer. Is `vlm-gym play --web` still running? What you have played is recorded.";
    return { isGood: false, told: { error: told } };
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
  state = next;
  document.body.dataset.version = state.version;
  for (const [id, phases] of Object.entries({ choose: ["choose"], done: ["done"], game: ["play", "over"] })) {
    byId(id).hidden = !phases.includes(state.phase);
  }
  byId("to-tasks").hidden = !state.can_choose || state.phase === "choose";
  showHeader();
  if (state.phase === "choose") showTasks();
  if (state.phase === "done") showDone();
  if (state.episode && state.is_as_model) showRequest(state.episode, state.phase === "over");
  else if (state.episode) showEpisode();
  if (!isVisit) moveFocus();
}

function showHeader() {
  const episode = state.episode;
  const title = !episode ? "vlm-gym" : state.is_as_model ? "Human baseline" : shortName(episode.task);
  byId("title").textContent = title;
  document.title = episode ? `${title} · vlm-gym play` : "vlm-gym play";
  byId("subtitle").textContent = episode ? place() : "";
  const played = `${state.num_successes} of ${state.num_played}`;
  const figures = state.is_as_model && episode ? [] : episode
    ? [["Turn", `${Math.min(episode.turn, episode.max_turns)} of ${episode.max_turns}`],
       ["Return", signed(episode.total_reward)], ["Successes", played]]
    : state.num_played ? [["Successes", played]] : [];
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
      make("b", { textContent: task.name }),
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

function showEpisode() {
  const episode = state.episode;
  const isOver = state.phase === "over";
  byId("goal").textContent = episode.goal ? `Task: ${episode.goal}` : "";
  byId("goal").hidden = !episode.goal;
  if (byId("prompt").textContent !== episode.prompt) byId("prompt").textContent = episode.prompt; // keeps the scroll
  showPicture(episode.picture);
  showFeedback(episode, isOver);
  byId("turn").hidden = isOver;
  byId("prompt-box").hidden = isOver;
  byId("result").hidden = !isOver;
  if (isOver) showResult(episode);
  else showTurn(episode.actions);
  showTurns(episode);
}

function showTurn(actions) {
  showActions(actions);
  const words = actions.length ? "Or write an answer: an action" : "Write an answer: a formula";
  byId("answer-label").textContent = `${words}, or whole JSON as a model would`;
}

function showResult(episode) {
  const result = episode.result;
  const turns = `${result.turns.length} turn${result.turns.length === 1 ? "" : "s"}`;
  byId("outcome").textContent = `${result.outcome} after ${turns}, return ${signed(episode.total_reward)}`;
  byId("outcome").className = result.is_success ? "good" : "bad";
  byId("oracles-view").textContent = result.oracles_view;
}

// Focus and keys

function moveFocus() {
  if (state.phase !== "play") {
    document.querySelector("main:not([hidden]) h2:not([hidden])")?.focus();
    window.scrollTo(0, 0);
    return;
  }
  byId("sight").scrollIntoView({ block: "nearest" });
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
  const button = buttonOf(event.key.toLowerCase());
  if (button && state.phase === "play") button.click();
  else if (event.key === "?") byId("help").showModal();
  else if (event.key.toLowerCase() === "n" && state.phase === "over") send("next", {});
  else if (/^[a-z]$/i.test(event.key) && state.phase === "play" && !byId("filter").hidden) {
    byId("filter").focus(); // which then gets the letter
    return;
  } else if (event.key === "Enter" && state.phase === "play" && !target.matches("button, summary")) byId("answer").focus();
  else return;
  event.preventDefault();
}

function onKeyInText(event, target) {
  if (event.key === "Escape") {
    if (target.id === "filter") target.value = "";
    if (target.id === "filter") filterActions();
    target.blur();
  } else if (event.key === "Enter" && target.id === "filter") {
    playMarked();
  } else if (target.id === "filter" && (event.key === "ArrowDown" || event.key === "ArrowUp")) {
    moveMark(event.key === "ArrowDown" ? 1 : -1);
  } else if (event.key === "Enter" && !event.shiftKey) {
    byId("answer-form").requestSubmit();
  } else return;
  event.preventDefault();
}

document.addEventListener("keydown", onKey);
document.addEventListener("visibilitychange", () => { if (!document.hidden && !isBusy) load(); });
byId("actions").addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (button) play(button.dataset.action);
});
byId("filter").addEventListener("input", filterActions);
byId("answer-form").addEventListener("submit", (event) => {
  event.preventDefault();
  play(byId("answer").value);
});
byId("next").addEventListener("click", () => send("next", {}));
byId("to-tasks").addEventListener("click", () => send("choose", { task: null }));
byId("to-help").addEventListener("click", () => byId("help").showModal());
byId("prompt-box").open = window.matchMedia(WIDE).matches;
load();
