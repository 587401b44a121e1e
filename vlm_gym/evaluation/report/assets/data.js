// The data in the page: the report itself, and chunks that are unpacked only when they are looked at.

const REPORT = JSON.parse(byId("report-data").textContent);
const BLOCKS_KEPT = 8;

const keptBlocks = new Map();
let places = null;

function whenLoaded() {
  if (document.readyState !== "loading") return Promise.resolve();
  return new Promise((resolve) => document.addEventListener("DOMContentLoaded", resolve, { once: true }));
}

// Where chunks and pictures come from. In a page of its own they stand behind this script, so that the last ones may
// still be on their way; a server that is asked for them has other functions here (live.js).
const source = {
  chunk: async (id) => {
    if (!byId(id)) await whenLoaded();
    return byId(id).textContent;
  },
  draw: drawFromStrip,
};

function forgetData() {
  keptBlocks.clear();
  places = null;
}

function bytesOf(base64) {
  return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
}

async function inflated(base64) {
  return new Response(new Blob([bytesOf(base64)]).stream().pipeThrough(new DecompressionStream("deflate")));
}

// Return what was said in a block of episodes, or the rest of their turns.
async function block(id) {
  if (keptBlocks.has(id)) return keptBlocks.get(id);
  const unpacked = await inflated(await source.chunk(id)).then((response) => response.json());
  if (keptBlocks.size >= BLOCKS_KEPT) keptBlocks.delete(keptBlocks.keys().next().value);
  keptBlocks.set(id, unpacked);
  return unpacked;
}

// Return an episode's turns, and its end.
async function turnsOf(index) {
  const number = REPORT.blocks.findLastIndex((first) => first <= index);
  const place = index - REPORT.blocks[number];
  const [said, rest] = await Promise.all([block(`said-${number}`), block(`turns-${number}`)]);
  const { texts } = rest[place];
  const turns = rest[place].turns.map((turn, i) => ({ ...said[place].turns[i], ...turn, requests: turn.requests.map((sent) => sent.map((message) => messageOf(message, texts))) }));
  return { turns, end: { ...rest[place].end, final_text: said[place].end } };
}

// A message of a request: who says it, its text, and the turn at which its picture is seen: null for no picture.
function messageOf([role, number, seen], texts) {
  return { role, text: texts[number], seen };
}

// Return where the pictures of an episode's turns are, and of its end; null for those that are not in the page.
async function placesOf(index) {
  places ??= JSON.parse(await source.chunk("places"));
  return places[index];
}

// Return what was said in each episode, in small letters: its answers, what was wrong with them, and its end.
async function allSaid() {
  const texts = [];
  for (let number = 0; number < REPORT.blocks.length; number += 1) {
    const said = await inflated(await source.chunk(`said-${number}`)).then((response) => response.json());
    texts.push(...said.map(({ turns, end }) => [end, ...turns.flatMap(wordsOf)].join("\n").toLowerCase()));
  }
  return texts;
}

function wordsOf({ answers, reasoning, fault, illegal }) {
  return [...answers, ...(reasoning ?? []), fault ?? "", illegal ?? ""];
}

function runNamed(name) {
  return REPORT.runs.findIndex((run) => run.name === name);
}
