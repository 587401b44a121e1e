// The data in the page: the report itself, and chunks that are unpacked only when they are looked at.

const REPORT = JSON.parse(byId("report-data").textContent);
const STRIPS_KEPT = 12;

const decodedStrips = new Map();

function whenLoaded() {
  if (document.readyState !== "loading") return Promise.resolve();
  return new Promise((resolve) => document.addEventListener("DOMContentLoaded", resolve, { once: true }));
}

// The chunks stand behind this script, so the last ones may still be on their way.
async function chunk(id) {
  if (!byId(id)) await whenLoaded();
  return byId(id).textContent;
}

// Return an episode's turns: gzipped JSON in base64.
async function turnsOf(index) {
  const packed = Uint8Array.from(atob(await chunk(`turns-${index}`)), (character) => character.charCodeAt(0));
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Response(stream).json();
}

// Return where the pictures of an episode's turns are, and of its end; null for those that are not in the page.
async function placesOf(index) {
  return JSON.parse(await chunk(`places-${index}`));
}

// Return a decoded strip, an image with an episode's pictures one below the other.
async function strip(index) {
  const known = decodedStrips.get(index);
  if (known) return known;
  const image = new Image();
  image.src = `data:image/webp;base64,${await chunk(`strip-${index}`)}`;
  await image.decode();
  if (decodedStrips.size >= STRIPS_KEPT) decodedStrips.delete(decodedStrips.keys().next().value);
  decodedStrips.set(index, image);
  return image;
}

async function drawPicture(canvas, place) {
  canvas.width = place.width;
  canvas.height = place.height;
  const image = await strip(place.strip);
  canvas.getContext("2d").drawImage(image, 0, -place.top);
}

function runNamed(name) {
  return REPORT.runs.findIndex((run) => run.name === name);
}
