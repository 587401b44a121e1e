// A person who plays as a model does: the messages of the request, and nothing else.

import { showActions } from "./actions.js";
import { byId, make } from "./dom.js";
import { showPicture } from "./turns.js";

const ROLES = { system: "System message", user: "You are told", assistant: "You answered" };

// Show what a model would be sent: the last picture large, all messages in their order beside it.
export function showRequest({ messages, actions }, isOver) {
  for (const id of ["goal", "feedback", "past", "prompt-box"]) byId(id).hidden = true;
  byId("conversation").hidden = isOver;
  byId("turn").hidden = isOver;
  byId("result").hidden = !isOver;
  const last = messages.findLast((message) => message.picture)?.picture;
  byId("sight").hidden = isOver || !last;
  if (last && !isOver) showPicture(last);
  byId("conversation").replaceChildren(...messages.map((message) => said(message, last)));
  if (isOver) showEnd();
  else showTurn(actions);
}

function showTurn(actions) {
  showActions(actions);
  byId("answer-label").textContent = actions.length ? "Or write an answer, as a model would" : "Write an answer, as a model would";
}

function showEnd() {
  byId("outcome").textContent = "This episode is over.";
  byId("outcome").className = "";
  byId("oracles-view").textContent = "A model is not told how it went, and neither are you until all episodes are played.";
}

function said({ role, text, picture }, last) {
  const shown = picture && picture !== last ? [make("img", { src: `pictures/${picture}.png`, alt: "An earlier picture", width: 160 })] : [];
  const told = make("pre", { textContent: text, tabIndex: 0 });
  told.setAttribute("aria-label", ROLES[role]);
  return make("li", { className: role }, make("h3", { textContent: ROLES[role] }), ...shown, told);
}
