// The buttons of the actions: in rows and families, with keys, or with a filter where there are dozens.

import { byId, make } from "./dom.js";

const LARGE = 5; // commands of one kind that get a heading of their own from so many on
const FAMILY = 3; // actions that differ in their last number alone share one frame from so many on

export function showActions(actions) {
  const isMany = actions.some((action) => action.includes(" ")); // commands in words: there can be dozens of them
  byId("actions-box").hidden = actions.length === 0;
  byId("actions-box").classList.toggle("many", isMany);
  byId("filter").hidden = !isMany;
  byId("filter").value = "";
  const boxes = isMany ? grouped(actions).map(([name, members]) => group(name, members)) : [row(actions)];
  byId("actions").replaceChildren(...boxes);
  if (!isMany) setKeys(allButtons());
  filterActions();
}

export function buttonOf(key) {
  return allButtons().find((button) => button.getAttribute("aria-keyshortcuts") === key);
}

export function playMarked() {
  byId("actions").querySelector(".marked")?.click();
}

function allButtons() {
  return [...byId("actions").querySelectorAll("button")];
}

function visibleButtons() {
  return allButtons().filter((button) => !button.hidden);
}

function actionButton(action, label) {
  const button = make("button", { type: "button" }, make("span", { textContent: label }));
  if (label !== action) button.setAttribute("aria-label", action);
  button.dataset.action = action;
  return button;
}

function row(actions) {
  const size = actions.every((action) => action.length <= 2) ? "symbols" : "large";
  return make("div", { className: `buttons ${size}` }, ...actions.map((action) => actionButton(action, action)));
}

// Each button's key: its own sign, 0 for 10, its first letter if no other button has it, else a letter that is free.
function setKeys(buttons) {
  const taken = new Set();
  const initial = (button) => button.dataset.action[0].toLowerCase();
  for (const button of buttons) {
    const action = button.dataset.action;
    const isAlone = buttons.filter((other) => initial(other) === initial(button)).length === 1;
    const own = action.length === 1 ? action : action === "10" ? "0" : isAlone ? initial(button) : undefined;
    const key = own ?? [..."jqkabcdef"].find((letter) => !taken.has(letter));
    taken.add(key);
    button.setAttribute("aria-keyshortcuts", key);
    if (key !== action) button.append(make("kbd", { textContent: key.toUpperCase() }));
  }
}

// Commands go by their first words: what can be done here comes first, a few of a kind together.
function grouped(actions) {
  const inOrder = new Intl.Collator("en", { numeric: true });
  const kinds = new Map();
  for (const action of actions.slice().sort(inOrder.compare)) {
    const kind = action.startsWith("go to ") ? "go to" : action.includes(" ") ? action.split(" ")[0] : "";
    kinds.set(kind, [...(kinds.get(kind) ?? []), action]);
  }
  const { "go to": places = [], "": bare = [], ...others } = Object.fromEntries(kinds);
  const isLarge = ([, members]) => members.length >= LARGE;
  const few = Object.entries(others).filter((entry) => !isLarge(entry)).flatMap(([, members]) => members);
  const groups = [["", few], ...Object.entries(others).filter(isLarge), ["go to", places], ["", bare]];
  return groups.filter(([, members]) => members.length);
}

function group(name, actions) {
  const families = new Map();
  for (const action of actions) {
    const kind = action.slice(name && name.length + 1).replace(/ \d+$/, "");
    families.set(kind, [...(families.get(kind) ?? []), action]);
  }
  const buttons = [...families].flatMap(([kind, members]) => (members.length >= FAMILY
    ? [make("span", { className: "family" }, make("span", { textContent: kind }),
        ...members.map((action) => actionButton(action, action.match(/\d+$/)[0])))]
    : members.map((action) => actionButton(action, action.slice(name && name.length + 1)))));
  const heading = name ? [make("h3", { textContent: name })] : [];
  return make("div", { className: "group" }, ...heading, make("div", { className: "buttons" }, ...buttons));
}

export function filterActions() {
  const words = byId("filter").value.toLowerCase().split(/\s+/).filter(Boolean);
  for (const button of allButtons()) {
    button.hidden = !words.every((word) => matches(button.dataset.action, word));
  }
  for (const box of byId("actions").querySelectorAll(".group, .family")) box.hidden = !box.querySelector("button:not([hidden])");
  mark(words.length ? 0 : -1);
}

// Words match beginnings of words, so that "cab 1" means cabinet 1 and 10 to 19, not cabinet 21.
function matches(action, word) {
  return action.split(" ").some((part) => part.startsWith(word));
}

function mark(index) {
  const visible = visibleButtons();
  byId("actions").querySelector(".marked")?.classList.remove("marked");
  byId("match").hidden = index < 0;
  if (index < 0) return;
  const marked = visible[Math.min(index, visible.length - 1)];
  marked?.classList.add("marked");
  marked?.scrollIntoView({ block: "nearest" });
  byId("match").textContent = marked ? `Enter plays: ${marked.dataset.action} (${visible.length} left)` : "No action matches.";
}

export function moveMark(step) {
  const visible = visibleButtons();
  const index = visible.findIndex((button) => button.classList.contains("marked"));
  mark(Math.max(0, index + step));
}

