// What a model was sent and what came back beside the answer: messages, reasoning, how the answer ended.

const ROLES = { system: "System message", user: "User", assistant: "Assistant" };

// Whether the model saw a picture at this turn: from the request, or where none was recorded from the run's settings.
function hasSeenPicture(turn) {
  if (turn.requests.length) return turn.requests.at(-1).some(({ seen }) => seen === viewer.step || seen === -1);
  return REPORT.runs[REPORT.episodes[viewer.index].run].settings.chat?.show !== "text";
}

// The boxes of a turn: for each answer what it was asked, what the model thought, and the answer itself.
function exchange(turn) {
  const last = turn.answers.length - 1;
  return turn.answers.flatMap((answer, i) => {
    const which = last === 0 ? "" : ` ${i + 1} of ${last + 1}`;
    const counted = i === last ? "" : ", asked for again";
    const ended = turn.cut_off.includes(i) && i !== last ? ", cut off" : "";
    return [
      i === last ? null : textBlock(`Answer${which}${ended}${counted}`, answer),
      i === last ? textBlock("Answer", answer, turn.span) : null,
      turn.reasoning?.[i] ? textBlock(`Reasoning${which}`, turn.reasoning[i]) : null,
      turn.requests[i] ? requestBlock(`Request${which}`, turn.requests[i]) : null,
    ].filter(Boolean);
  });
}

function requestBlock(title, messages) {
  const kinds = count(messages.length, "message");
  const box = element("div", { class: "messages" });
  const onToggle = (event) => { if (event.target.open && !box.childElementCount) box.append(...messages.map(messageView)); };
  const details = foldable(title, `${title} (${kinds})`, box, onToggle);
  onToggle({ target: details });
  return details;
}

function messageView({ role, text, seen }) {
  const picture = seen === null ? null : seen === viewer.step ? "with this turn's picture" : seen === -1 ? "with a picture" : `with the picture of turn ${viewer.turns[seen].turn}`;
  const pre = element("pre", { tabindex: "0", "aria-label": ROLES[role] ?? visible(role) });
  fillText(pre, text, null, text.length <= SHOWN_WHOLE);
  return element("section", { class: `message ${role === "assistant" ? "said" : "told"}` },
    element("p", {}, element("strong", { text: ROLES[role] ?? visible(role) }), picture ? element("span", { class: "chip", text: picture }) : null), pre);
}

// How the answers of a turn ended, in the server's words.
function endings(turn) {
  const told = (name) => [...new Set(turn.replies.map((reply) => reply[name]).filter(Boolean))].map(visible).join(", ") || null;
  return [["Finish reason", told("finish_reason")], ["Model", told("model")], ["Request id", told("request_id")]];
}
