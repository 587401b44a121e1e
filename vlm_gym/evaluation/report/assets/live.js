// A report that a server keeps up to date: it asks for chunks and pictures, and draws itself anew as the runs go on.

const ASKED_EVERY_MS = 2000;

Object.assign(source, {
  chunk: async (id) => {
    const answer = await fetch(`chunk/${REPORT.version}/${id}${location.search}`);
    if (answer.status === 409) await catchUp();
    if (!answer.ok) throw new Error(`${id}: ${answer.status}`);
    return answer.text();
  },
  draw: (canvas, name) => drawImageFrom(canvas, `pictures/${name}.png${location.search}`),
});

// Ask for the newest figures; draw what has changed and stay at the episode and the turn that are open.
async function catchUp() {
  const answer = await fetch(`data/${REPORT.version}${location.search}`);
  if (!answer.ok || answer.status === 204) return;
  const [open, step, wasAtEnd] = [REPORT.episodes[viewer.index], viewer.step, isOver()];
  Object.assign(REPORT, await answer.json());
  forgetData();
  list.searched = null;
  drawAgain();
  await refresh();
  const index = open ? REPORT.episodes.findIndex((episode) => episode.id === open.id && episode.run === open.run) : 0;
  if (index >= 0) await openEpisode(index, wasAtEnd ? Infinity : step);
  document.documentElement.dataset.version = REPORT.version;
}

async function keepUp() {
  try {
    await catchUp();
    byId("lost").hidden = true;
  } catch {
    byId("lost").hidden = false;
  }
  setTimeout(keepUp, ASKED_EVERY_MS);
}

setTimeout(keepUp, ASKED_EVERY_MS);
