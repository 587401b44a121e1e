// The viewer: one episode, one turn at a time.

const SHOWN_START = 2000;
const SHOWN_AROUND = 300;
const SHOWN_END = 600;
const SHOWN_WHOLE = 4000;
const SHOWN_READING = 300;

// Which kinds of text the reader has opened or closed, by title; it holds from turn to turn.
const areOpen = { Answer: true, Prompt: true };

const viewer = { index: null, turns: [], places: [], step: 0 };

function isOver() {
  return viewer.step === viewer.turns.length;
}

async function openEpisode(index, step = 0) {
  const [turns, places] = await Promise.all([turnsOf(index), placesOf(index)]);
  Object.assign(viewer, { index, turns, places, step: Math.max(0, Math.min(step, turns.length)) });
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
    element("h3", { text: visible(`${shortTask(episode.task)} · ${startOf(episode)}`) }),
    outcomeChip(episode),
    element("p", { class: "muted" }, runLabel(episode.run), ` · ${facts.join(" · ")}`));
}

function outcomeChip(episode) {
  const [kind, word] = episode.is_success ? ["good", "success"] : ["bad", episode.is_truncated ? "out of turns" : "no success"];
  return element("span", { class: `chip ${kind}`, text: word });
}

function startOf(episode) {
  const parts = [`seed ${episode.seed}`];
  if (episode.repeat > 0) parts.push(`attempt ${episode.repeat + 1}`);
  parts.push(...Object.values(episode.labels));
  for (const [name, value] of Object.entries({ ...episode.arguments, ...episode.options })) {
    if (episode.labels[name] !== value) parts.push(`${name} ${JSON.stringify(value)}`);
  }
  return parts.join(" · ");
}

function turnStrip() {
  const marks = viewer.turns.map((turn, step) => stripButton(step, String(turn.turn), markOf(turn)));
  return element("nav", { class: "turn-strip", "aria-label": "Turns" }, ...marks, stripButton(viewer.turns.length, "end", []));
}

// What is remarkable about a turn: words for its mark in the strip.
function markOf(turn) {
  const marks = [];
  if (turn.fault !== null) marks.push("fault");
  if (turn.illegal !== null) marks.push("illegal");
  if (turn.regret > 0.0005) marks.push("mistake");
  return marks;
}

function stripButton(step, text, marks) {
  const title = (step === viewer.turns.length ? "after the last turn" : `turn ${text}`) + (marks.length ? `: ${marks.join(", ")}` : "");
  return element("button", {
    type: "button", class: ["step", ...marks].join(" "), text, title, "aria-label": title, "data-step": `strip-${step}`,
    "aria-current": step === viewer.step ? "step" : null, on: { click: () => goTo(step) },
  });
}

function stepButtons() {
  const button = (text, step, name) => element("button", {
    type: "button", text, "data-step": name, disabled: step < 0 || step > viewer.turns.length, on: { click: () => goTo(step) },
  });
  const place = isOver() ? "After the last turn" : `Turn ${viewer.turns[viewer.step].turn} of ${viewer.turns.length}`;
  return element("div", { class: "step-buttons" },
    button("← Back", viewer.step - 1, "back"), element("strong", { role: "status", text: place }), button("Next →", viewer.step + 1, "next"));
}

function turnView(turn) {
  return element("div", { class: "turn" },
    pictureView(turn.observation_text),
    element("div", { class: "turn-facts" }, ...verdicts(turn), actionFacts(turn), readingsTable(turn)),
    element("div", { class: "turn-texts" },
      ...turn.answers.slice(0, -1).map((answer, i) => textBlock(`Answer ${i + 1}, asked for again`, answer, null)),
      textBlock("Answer", turn.answers.at(-1), turn.span),
      textBlock("Prompt", turn.prompt),
      turn.observation_text ? textBlock("The picture in words", turn.observation_text) : null));
}

function lastView() {
  const episode = REPORT.episodes[viewer.index];
  return element("div", { class: "turn" },
    pictureView(episode.final_text),
    element("div", { class: "turn-facts" },
      element("p", { class: `verdict ${episode.is_success ? "good" : "bad"}`, text: episode.stopped !== null ? `The episode could not be played to its end: ${visible(episode.stop_words)}` : episode.is_success ? "The episode ended in success." : episode.is_truncated ? "The episode ran out of turns." : "The episode ended without success." }),
      definitions([
        ["Return", signed(episode.total_reward)],
        ["Faults", number(episode.num_faults)],
        ["Illegal moves", number(episode.num_illegal)],
        ["Regret", episode.regret === null ? "?" : number(episode.regret, 3)],
        ["Cause", episode.cause === null ? null : CAUSES[episode.cause]],
        ...spending(episode),
      ]),
      element("p", { class: "muted", text: visible(episode.final_text) })));
}

// Why an episode failed or gave away probability of success.
const CAUSES = {
  misread: "a misreading: something in the picture was named wrong when it was decided, or before",
  reasoning: "reasoning: what was named in the picture was right",
  unknown: "unknown: the task has no oracle, so that nobody knows which turn decided",
  unnamed: "unknown: the answer that decided names nothing in the picture",
  unplayable: "none of the model's: a request was refused for its content",
  "no mistake": "no mistake: luck, or a start that cannot be won",
};

function pictureView(words) {
  const place = viewer.places[viewer.step];
  if (place === null) return noPicture();
  const canvas = element("canvas", { class: "picture", role: "img", "aria-label": visible(words) });
  drawPicture(canvas, place).catch(() => canvas.replaceWith(noPicture()));
  return canvas;
}

function noPicture() {
  return element("div", { class: "picture absent" }, element("p", { text: "no picture in this page" }));
}

function verdicts(turn) {
  const told = [];
  if (turn.fault !== null) told.push(["bad", "Could not be read", turn.fault]);
  if (turn.illegal !== null) told.push(["warn", "Illegal", turn.illegal]);
  if (turn.is_cut_off) told.push(["warn", "Cut off", "the answer ended at the token limit"]);
  return told.map(([kind, title, text]) => element("p", { class: `verdict ${kind}` }, element("strong", { text: `${title}: ` }), visible(text)));
}

function actionFacts(turn) {
  const paid = Object.entries(turn.rewards).filter(([, value]) => value !== 0).map(([name, value]) => `${name} ${signed(value)}`);
  const code = (text) => text === null ? element("span", { class: "muted", text: "none" }) : element("code", { text: visible(text) });
  const value = turn.value_before === null ? "? (no oracle)" : `${percent(turn.value_before)} % → ${percent(turn.value_after)} %`;
  const regret = turn.regret > 0.0005 ? element("span", { class: "chip warn", text: `regret ${number(turn.regret, 3)}` }) : null;
  return definitions([
    ["Action", code(turn.action)],
    ["Oracle", code(turn.oracle_action)],
    ["Best play succeeds", element("span", {}, value, regret ? " " : "", regret ?? "")],
    ["Reward", signed(turn.reward) + (paid.length ? ` (${paid.join(", ")})` : "")],
    ["Progress", turn.progress > 0 ? `${percent(turn.progress, 0)} %` : null],
    ...spending(turn),
  ]);
}

function spending(record) {
  const tokens = record.prompt_tokens + record.completion_tokens;
  return [
    ["Tokens", tokens ? `${number(record.prompt_tokens)} in, ${number(record.completion_tokens)} out` : null],
    ["Cost", record.cost ? number(record.cost, 6) : null],
    ["Latency", record.latency_s ? `${number(record.latency_s)} s` + (record.num_requests > 1 ? `, ${record.num_requests} requests` : "") : null],
    ["Cache", record.is_cached ? "answered from the cache" : null],
  ];
}

function definitions(pairs) {
  const shown = pairs.filter(([, value]) => value !== null);
  return element("dl", { class: "facts" }, ...shown.flatMap(([name, value]) => [element("dt", { text: name }), element("dd", {}, value)]));
}

// What the answer says of the picture beside the truth.
function readingsTable(turn) {
  if (!turn.readings.length) return null;
  const heads = ["Seen in the picture", "as answered", "in truth"].map((text) => element("th", { scope: "col", text }));
  return element("table", { class: "readings" }, element("thead", {}, element("tr", {}, ...heads)), element("tbody", {}, ...turn.readings.map(readingRow)));
}

const READINGS = { right: ["good", "✓ "], inexact: ["warn", "≈ "], wrong: ["bad", "✗ "], unnamed: ["muted", ""] };

function readingRow({ field, said, truth, reading }) {
  const [kind, sign] = READINGS[reading];
  const shown = said === null ? "not named" : sign + visible(said.length > SHOWN_READING ? `${said.slice(0, SHOWN_READING)} …` : said);
  return element("tr", {},
    element("th", { scope: "row", text: visible(field) }),
    element("td", { class: kind, title: reading, text: shown }),
    element("td", { text: visible(truth) }));
}

function textBlock(title, text, span = null) {
  const size = text.length > SHOWN_WHOLE ? ` (${count(text.length, "character")})` : "";
  const pre = element("pre", { tabindex: "0", "aria-label": title });
  fillText(pre, text, span, text.length <= SHOWN_WHOLE);
  const onToggle = (event) => { areOpen[title] = event.target.open; };
  return element("details", { class: "text", open: areOpen[title], on: { toggle: onToggle } }, element("summary", { text: title + size }), pre);
}

// Write a text with its span marked; of a long one the start, what surrounds the span, and the end.
function fillText(pre, text, span, isWhole) {
  pre.replaceChildren();
  let at = 0;
  for (const [from, to] of isWhole ? [[0, text.length]] : shownRanges(text.length, span)) {
    if (from > at) pre.append(gap(from - at, () => fillText(pre, text, span, true)));
    appendMarked(pre, text, from, to, span);
    at = to;
  }
  if (!text) pre.append(element("span", { class: "muted", text: "(empty)" }));
}

function gap(size, onClick) {
  return element("span", { class: "gap" }, element("span", { class: "muted", text: `… ${count(size, "character")} left out … ` }),
    element("button", { type: "button", text: "Show all", on: { click: onClick } }));
}

function shownRanges(length, span) {
  const wanted = [[0, SHOWN_START], ...(span ? [[span[0] - SHOWN_AROUND, span[1] + SHOWN_AROUND]] : []), [length - SHOWN_END, length]];
  const ranges = [];
  for (const [from, to] of wanted) {
    const last = ranges.at(-1);
    const start = Math.max(from, last ? last[1] : 0);
    const end = Math.min(to, length);
    if (end <= start) continue;
    if (last && start === last[1]) last[1] = end;
    else ranges.push([start, end]);
  }
  return ranges;
}

function appendMarked(pre, text, from, to, span) {
  const [start, end] = span ? [Math.max(from, Math.min(span[0], to)), Math.max(from, Math.min(span[1], to))] : [to, to];
  pre.append(visible(text.slice(from, start)));
  if (end > start) pre.append(element("mark", { text: visible(text.slice(start, end)), title: "what was read as the action" }));
  pre.append(visible(text.slice(end, to)));
}
