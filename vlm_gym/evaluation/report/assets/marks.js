// The mark of a run, in tables and charts: a shape and a colour, so that neither alone has to tell runs apart.

// Outlines around the middle of a mark, 10 wide and high.
const SHAPES = [
  "M5 0A5 5 0 1 1-5 0A5 5 0 1 1 5 0Z", // circle
  "M-4.5-4.5H4.5V4.5H-4.5Z", // square
  "M0-6L6 0L0 6L-6 0Z", // diamond
  "M0-5.5L5.5 4.5H-5.5Z", // triangle
  "M0 5.5L5.5-4.5H-5.5Z", // triangle on its tip
  "M-1.7-5.5H1.7V-1.7H5.5V1.7H1.7V5.5H-1.7V1.7H-5.5V-1.7H-1.7Z", // cross
  "M-5.5-5.5L0-2L5.5-5.5L2 0L5.5 5.5L0 2L-5.5 5.5L-2 0Z", // star of four
  "M0-5.8L5.5-1.8L3.4 4.7H-3.4L-5.5-1.8Z", // pentagon
];
const NUM_COLORS = 8; // in the style sheet

function runColor(index) {
  return `run-${index % NUM_COLORS}`;
}

// Shapes shift by one each time the colours begin anew: 64 runs are told apart.
function runShape(index) {
  return drawing("path", { class: "shape", d: SHAPES[(index + Math.floor(index / NUM_COLORS)) % SHAPES.length] });
}

function runMark(index) {
  return drawing("svg", { class: `mark ${runColor(index)}`, viewBox: "-7 -7 14 14", "aria-hidden": "true" }, runShape(index));
}

// A run's name beside its mark.
function runLabel(index) {
  return element("span", { class: "run-label" }, runMark(index), visible(REPORT.runs[index].name));
}
