// What is shown of a turn, and of the end.

const SHOWN_READING = 300;

// Why an episode failed or gave away probability of success.
const CAUSES = {
  misread: "a misreading: something in the picture was named wrong when it was decided, or before",
  reasoning: "reasoning: what was named in the picture was right",
  unknown: "unknown: the task has no oracle, so that nobody knows which turn decided",
  unnamed: "unknown: the answer that decided names nothing in the picture",
  unplayable: "none of the model's: a request was refused for its content",
  "no mistake": "no mistake: luck, or a start that cannot be won",
};

function turnView(turn) {
  return element("div", { class: "turn" },
    hasSeenPicture(turn) ? pictureView(turn.observation_text) : noPicture("The model was shown no picture."),
    element("div", { class: "turn-facts" }, ...verdicts(turn), actionFacts(turn), readingsTable(turn)),
    element("div", { class: "turn-texts" },
      ...exchange(turn),
      textBlock("Prompt", turn.prompt),
      turn.observation_text ? textBlock("The picture in words", turn.observation_text) : null));
}

function lastView() {
  const [episode, { end }] = [REPORT.episodes[viewer.index], viewer];
  return element("div", { class: "turn" },
    viewer.places[viewer.step] === null && !episode.is_finished ? noPicture("no end yet") : pictureView(end.final_text),
    element("div", { class: "turn-facts" },
      element("p", { class: `verdict ${episode.is_success ? "good" : episode.is_finished ? "bad" : "warn"}`, text: visible(endWords(episode, end)) }),
      definitions([
        ["Return", signed(episode.total_reward)],
        ["Faults", number(episode.num_faults)],
        ["Illegal moves", number(episode.num_illegal)],
        ["Regret", episode.regret === null ? "?" : number(episode.regret, 3)],
        ["Cause", episode.cause === null ? null : CAUSES[episode.cause]],
        ...spending(end),
      ]),
      element("p", { class: "muted", text: visible(end.final_text) })),
    element("div", { class: "turn-texts" }, end.final_prompt ? textBlock("Prompt that was not answered", end.final_prompt) : null));
}

function endWords(episode, end) {
  if (!episode.is_finished) return `The episode is not finished: ${count(viewer.turns.length, "turn")} so far. It counts in no table.`;
  if (episode.stopped !== null) return `The episode could not be played to its end: ${end.stop_words}`;
  if (episode.is_success) return "The episode ended in success.";
  return episode.is_truncated ? "The episode ran out of turns." : "The episode ended without success.";
}

function pictureView(words) {
  const place = viewer.places[viewer.step];
  if (place === null) return noPicture("no picture in this page");
  const canvas = element("canvas", { class: "picture", role: "img", "aria-label": visible(words) });
  source.draw(canvas, place).catch(() => canvas.replaceWith(noPicture("the picture cannot be drawn")));
  return canvas;
}

function noPicture(text) {
  return element("div", { class: "picture absent" }, element("p", { text }));
}

function verdicts(turn) {
  const told = decidingMarks(viewer.step).map((mark) => ["warn", "★ Deciding turn", mark]);
  if (turn.fault !== null) told.push(["bad", "Could not be read", turn.fault]);
  if (turn.illegal !== null) told.push(["warn", "Illegal", turn.illegal]);
  if (turn.is_repeated) told.push(["warn", "Not asked", "the model gave this answer to the same request before, and it could not be read"]);
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
    ...endings(turn),
  ]);
}

function spending(record) {
  const sum = record.prompt_tokens + record.completion_tokens;
  return [
    ["Tokens", sum ? `${number(record.prompt_tokens)} in, ${number(record.completion_tokens)} out` : null],
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

function readingRow({ field: name, said, truth, reading }) {
  const [kind, sign] = READINGS[reading];
  const shown = said === null ? "not named" : sign + visible(said.length > SHOWN_READING ? `${said.slice(0, SHOWN_READING)} …` : said);
  return element("tr", {},
    element("th", { scope: "row", text: visible(name) }),
    element("td", { class: kind, title: reading, text: shown }),
    element("td", { text: visible(truth) }));
}
