// Building the page. All text goes through textContent: nothing that a model wrote is ever read as HTML.

const SVG = "http://www.w3.org/2000/svg";

// Characters that cannot be seen or would turn the text around them, and halves of pairs; line ends and tabs stay.
const UNSEEN = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff\p{Cs}]/gu;

function element(tag, properties = {}, ...children) {
  return filled(document.createElement(tag), properties, children);
}

function drawing(tag, properties = {}, ...children) {
  return filled(document.createElementNS(SVG, tag), properties, children);
}

function filled(node, properties, children) {
  for (const [name, value] of Object.entries(properties)) {
    if (value === null || value === undefined || value === false) continue;
    if (name === "text") node.textContent = value;
    else if (name === "on") for (const [event, handler] of Object.entries(value)) node.addEventListener(event, handler);
    else node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.filter((child) => child !== null));
  return node;
}

function byId(id) {
  return document.getElementById(id);
}

// Write a text so that every character of it can be seen.
function visible(text) {
  return text.replace(UNSEEN, (character) => `‹U+${character.codePointAt(0).toString(16).toUpperCase().padStart(4, "0")}›`);
}

// A share in %; null is one that nobody knows.
function percent(share, digits = 1) {
  if (share === null) return "?";
  const tiny = 0.5 * 10 ** (-digits - 2);
  return share > 0 && share < tiny ? `<${10 ** -digits}` : fixed(100 * share, digits);
}

// Write a number with as many digits as it needs, at most so many; `fixed` with exactly so many.
function number(value, digits = 2) {
  return written(value, { maximumFractionDigits: digits });
}

function fixed(value, digits = 2) {
  return written(value, { minimumFractionDigits: digits, maximumFractionDigits: digits });
}

function signed(value, digits = 2) {
  return written(value, { maximumFractionDigits: digits, signDisplay: "exceptZero" });
}

function signedFixed(value, digits = 2) {
  return written(value, { minimumFractionDigits: digits, maximumFractionDigits: digits, signDisplay: "exceptZero" });
}

function compact(value) {
  return value.toLocaleString("en", { notation: "compact", maximumSignificantDigits: 3 });
}

function written(value, format) {
  return value.toLocaleString("en", { signDisplay: "negative", ...format }).replace("-", "−");
}

function count(value, one, many = `${one}s`) {
  return `${value.toLocaleString("en")} ${value === 1 ? one : many}`;
}
