// What was played: the feedback after a turn, the list of turns, and what the oracle thinks of each.

import { byId, make, percent, signed } from "./dom.js";

export function showFeedback(episode, isOver) {
  const box = byId("feedback");
  const last = episode.log[episode.log.length - 1];
  box.className = !last ? "" : last.fault || last.illegal || last.reward < 0 ? "bad" : last.reward > 0 ? "good" : "";
  box.hidden = isOver && !(last.fault || last.illegal);
  box.replaceChildren(...(last ? feedback(last) : [make("p", { textContent: "Your turn. What do you see?" })]));
}

function feedback(turn) {
  const lines = [make("p", {}, make("span", { className: "reward", textContent: `Turn ${turn.turn}: ${paid(turn)}` }))];
  if (turn.illegal || turn.fault) lines.push(make("p", { textContent: wrong(turn) }));
  return lines;
}

function wrong(turn) {
  return turn.illegal ? `Not allowed: ${turn.illegal}` : `Not understood: ${turn.fault}`;
}

function paid(turn) {
  const terms = Object.entries(turn.rewards).map(([name, value]) => `${name} ${signed(value)}`);
  return `reward ${signed(turn.reward)}${terms.length ? ` (${terms.join(", ")})` : ""}`;
}

// The turns: newest first while the game goes on; in order, with the oracle's opinion, after it.
export function showTurns({ log, result, picture }) {
  byId("past").hidden = log.length === 0;
  byId("past-title").textContent = result ? "Turn by turn" : "Turns so far";
  const items = log.map((turn, i) => logged(turn, result?.turns[i], picture));
  byId("log").replaceChildren(...(result ? items : items.reverse()));
}

function logged(turn, judged, lastPicture) {
  const what = make("div", { className: "what" }, make("span", { className: "action", textContent: turn.action ?? "no action" }));
  if (turn.answer.trim() !== turn.action) what.append(make("q", { textContent: turn.answer }));
  if (turn.illegal || turn.fault) what.append(make("span", { className: "wrong", textContent: wrong(turn) }));
  const number = make("span", { className: "number", textContent: judged ? "" : turn.turn });
  const item = make("li", {}, number, what,
    make("span", { className: "paid", textContent: paid(turn).replace("reward ", "") }));
  if (judged) {
    item.classList.toggle("loss", judged.is_loss);
    number.append(reviewButton(item, turn, judged.picture, lastPicture));
    what.append(make("span", { className: "oracle", textContent: oracleWords(turn, judged) }));
    if (judged.value_before !== null) item.append(chance(judged));
  }
  return item;
}

function oracleWords(turn, judged) {
  if (judged.value_before === null) return "no oracle";
  if (judged.oracle_action === null) return "Oracle: nothing can succeed any more";
  return `Oracle: ${judged.oracle_action === turn.action ? "the same" : judged.oracle_action}`;
}

// How likely the best play succeeded before the turn and after it.
function chance(judged) {
  const bar = make("span", { className: "bar" }, make("i", { className: "before" }), make("i", { className: "after" }));
  bar.children[0].style.width = `${100 * judged.value_before}%`;
  bar.children[1].style.width = `${100 * judged.value_after}%`;
  const [before, after] = [percent(judged.value_before), percent(judged.value_after)];
  const told = before === after ? `chance ${before}` : `chance ${before} → ${after}`;
  return make("div", { className: "chance" }, bar, make("span", { textContent: told }));
}

// Shows what the person saw at a turn, and the last picture when it is pressed again.
function reviewButton(item, turn, picture, lastPicture) {
  const button = make("button", { type: "button", textContent: turn.turn });
  button.setAttribute("aria-label", `Show the picture of turn ${turn.turn}`);
  button.addEventListener("click", () => {
    const isShown = item.classList.contains("shown");
    for (const other of byId("log").children) other.classList.remove("shown");
    item.classList.toggle("shown", !isShown);
    showPicture(isShown ? lastPicture : picture, isShown ? "" : `What you saw at turn ${turn.turn}`);
  });
  return button;
}

export function showPicture(name, caption = "") {
  byId("picture").src = `pictures/${name}.png`;
  byId("caption").textContent = caption;
  byId("caption").hidden = !caption;
}
