// Texts of any length and content, in boxes that open and close.

const SHOWN_START = 2000;
const SHOWN_AROUND = 300;
const SHOWN_END = 600;
const SHOWN_WHOLE = 4000;

// Which kinds of text the reader has opened or closed, by title; it holds from turn to turn.
const areOpen = { Answer: true, Prompt: true };

function textBlock(title, text, span = null) {
  const size = text.length > SHOWN_WHOLE ? ` (${count(text.length, "character")})` : "";
  const pre = element("pre", { tabindex: "0", "aria-label": title });
  fillText(pre, text, span, text.length <= SHOWN_WHOLE);
  return foldable(title, title + size, pre);
}

// A box that opens and closes; of each kind it is remembered whether the reader has it open.
function foldable(kind, title, content, onOpen = () => {}) {
  const onToggle = (event) => { areOpen[kind] = event.target.open; onOpen(event); };
  return element("details", { class: "text", open: areOpen[kind], on: { toggle: onToggle } }, element("summary", { text: title }), content);
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
