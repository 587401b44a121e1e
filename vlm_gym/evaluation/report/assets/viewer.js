// The viewer: one episode, one turn at a time.

const viewer = { index: null, turns: [], end: null, places: [], step: 0 };

function isOver() {
  return viewer.step === viewer.turns.length;
}

async function openEpisode(index, step = 0) {
  const [{ turns, end }, places] = await Promise.all([turnsOf(index), placesOf(index)]);
  Object.assign(viewer, { index, turns, end, places, step: Math.max(0, Math.min(step, turns.length)) });
  drawViewer();
  showInList(index);
}

function goTo(step) {
  if (viewer.index === null || step < 0 || step > viewer.turns.length) return;
  viewer.step = step;
  drawViewer();
}

function drawViewer() {
  const focused = document.activeElement?.dataset?.step;
  byId("viewer").replaceChildren(viewerHead(), turnStrip(), stepButtons(), isOver() ? lastView() : turnView(viewer.turns[viewer.step]));
  if (focused !== undefined) byId("viewer").querySelector(`[data-step="${focused}"]`)?.focus();
  showInStrip();
  writeAddress();
}

// Scroll the strip, and nothing else, to the turn that is shown.
function showInStrip() {
  const strip = byId("viewer").querySelector(".turn-strip");
  const current = strip.querySelector("[aria-current]");
  strip.scrollTop = current.offsetTop - (strip.clientHeight - current.offsetHeight) / 2;
}

function viewerHead() {
  const episode = REPORT.episodes[viewer.index];
  const facts = [count(episode.num_turns, "turn"), `return ${signed(episode.total_reward)}`];
  if (episode.regret > 0.0005) facts.push(`regret ${number(episode.regret, 3)}`);
  if (episode.start_value !== null && episode.start_value < 0.9995) facts.push(`best play from this start succeeds with ${percent(episode.start_value)} %`);
  return element("header", { class: "viewer-head" },
    element("h3", { text: visible(titleOf(episode)) }),
    outcomeChip(episode),
    element("p", { class: "muted" }, runLabel(episode.run), ` · ${facts.join(" · ")}`));
}

function outcomeChip(episode) {
  const [kind, word] = !episode.is_finished ? ["warn", "not finished"] : episode.is_success ? ["good", "success"] : ["bad", episode.is_truncated ? "out of turns" : "no success"];
  return element("span", { class: `chip ${kind}`, text: word });
}

function turnStrip() {
  const marks = viewer.turns.map((turn, step) => stripButton(step, String(turn.turn), marksOf(turn, step)));
  const end = REPORT.episodes[viewer.index].is_finished ? "end" : "…";
  return element("nav", { class: "turn-strip", "aria-label": "Turns" }, ...marks, stripButton(viewer.turns.length, end, []));
}

// What is remarkable about a turn: words for its mark in the strip.
function marksOf(turn, step) {
  const marks = [];
  if (turn.fault !== null) marks.push("fault");
  if (turn.illegal !== null) marks.push("illegal");
  if (turn.regret > 0.0005) marks.push("mistake");
  return [...marks, ...decidingMarks(step)];
}

// Why a turn is a deciding one: it lost most, or is the first that names something wrong.
function decidingMarks(step) {
  const { largest_regret: largest, first_misread: misread } = REPORT.episodes[viewer.index];
  return [largest === step ? "largest regret" : null, misread === step ? "first misreading" : null].filter(Boolean);
}

function decidingSteps() {
  const { largest_regret: largest, first_misread: misread } = REPORT.episodes[viewer.index];
  return [...new Set([largest, misread].filter((step) => step !== null))];
}

// Go to the turn of the largest regret; from there to the first misreading, and back.
function goToDeciding() {
  const steps = viewer.index === null ? [] : decidingSteps();
  if (steps.length) goTo(steps[(steps.indexOf(viewer.step) + 1) % steps.length]);
}

function stripButton(step, text, marks) {
  const isEnd = step === viewer.turns.length;
  const title = (isEnd ? "after the last turn" : `turn ${text}`) + (marks.length ? `: ${marks.join(", ")}` : "");
  const kinds = marks.map((mark) => mark.replaceAll(" ", "-"));
  const isDeciding = decidingMarks(step).length > 0;
  return element("button", {
    type: "button", class: ["step", ...kinds, ...(isDeciding ? ["deciding"] : [])].join(" "), text: isDeciding ? `★ ${text}` : text, title, "aria-label": title, "data-step": `strip-${step}`,
    "aria-current": step === viewer.step ? "step" : null, on: { click: () => goTo(step) },
  });
}

function stepButtons() {
  const button = (text, step, name) => element("button", {
    type: "button", text, "data-step": name, disabled: step < 0 || step > viewer.turns.length, on: { click: () => goTo(step) },
  });
  const place = isOver() ? "After the last turn" : `Turn ${viewer.turns[viewer.step].turn} of ${viewer.turns.length}`;
  const deciding = decidingSteps().length ? element("button", { type: "button", class: "to-deciding", text: "★ Deciding turn", title: "largest regret, first misreading (key d)", "aria-keyshortcuts": "d", "data-step": "deciding", on: { click: goToDeciding } }) : null;
  return element("div", { class: "step-buttons" },
    button("← Back", viewer.step - 1, "back"), element("strong", { role: "status", text: place }), deciding, button("Next →", viewer.step + 1, "next"));
}
