// The pictures: strips of pictures that follow each other, of which each holds what differs from the one before;
// photographs by themselves.

const STRIPS_KEPT = 12;

const keptStrips = new Map();

async function drawFromStrip(canvas, [number, index]) {
  const strip = await unpackedStrip(number);
  if (strip.photo) {
    await drawImageFrom(canvas, `data:image/webp;base64,${strip.photo}`);
    return;
  }
  canvas.width = strip.width;
  canvas.height = strip.height;
  const pixels = new Uint8Array(strip.width * strip.height);
  if (strip.base !== null) layOver(pixels, await unpackedStrip(strip.base), 0);
  for (let i = 0; i <= index; i += 1) layOver(pixels, strip, i);
  canvas.getContext("2d").putImageData(new ImageData(colored(pixels, strip.palette), strip.width), 0, 0);
}

async function drawImageFrom(canvas, address) {
  const image = new Image();
  image.src = address;
  await image.decode();
  canvas.width = image.width;
  canvas.height = image.height;
  canvas.getContext("2d").drawImage(image, 0, 0);
}

async function unpackedStrip(number) {
  if (keptStrips.has(number)) return keptStrips.get(number);
  const strip = JSON.parse(await source.chunk(`strip-${number}`));
  if (!strip.photo) strip.rows = new Uint8Array(await inflated(strip.data).then((response) => response.arrayBuffer()));
  if (keptStrips.size >= STRIPS_KEPT) keptStrips.delete(keptStrips.keys().next().value);
  keptStrips.set(number, strip);
  return strip;
}

// Put what a strip holds of a picture over the one before; 0 leaves a pixel as it is.
function layOver(pixels, { width, bands, rows }, index) {
  const before = bands.slice(0, index).reduce((sum, [, height]) => sum + height, 0);
  const [top, height] = bands[index];
  for (let i = 0; i < height * width; i += 1) {
    const value = rows[before * width + i];
    if (value) pixels[top * width + i] = value;
  }
}

function colored(pixels, palette) {
  const colors = bytesOf(REPORT.palettes[palette]);
  const image = new Uint8ClampedArray(4 * pixels.length).fill(255);
  for (let i = 0; i < pixels.length; i += 1) {
    for (let channel = 0; channel < 3; channel += 1) image[4 * i + channel] = colors[3 * (pixels[i] - 1) + channel];
  }
  return image;
}
