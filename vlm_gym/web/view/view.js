// The page of `vlm-gym view`: the runs of a folder, how far each is, and the way to their report.
// Every text gets onto the page through textContent.

const ASKED_EVERY_MS = 2000;

const byId = (id) => document.getElementById(id);
const chosen = new Set();

function make(tag, properties = {}, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
}

function addressOf(names) {
  return `report?${new URLSearchParams(names.map((name) => ["run", name]))}`;
}

function row(run) {
  const box = make("input", { type: "checkbox", checked: chosen.has(run.name), disabled: !run.num_episodes });
  box.setAttribute("aria-label", `Choose ${run.name}`);
  box.dataset.run = run.name;
  const name = run.num_episodes ? make("a", { href: addressOf([run.name]), textContent: run.name }) : run.name;
  const cells = run.error ? [make("td", { textContent: run.error, colSpan: 4, className: "bad" })] : [
    make("td", { textContent: run.agent }), make("td", { textContent: run.panel ?? "chosen tasks" }),
    make("td", {}, progress(run)), make("td", { className: "number", textContent: share(run) }),
  ];
  const head = make("th", { scope: "row" }, name);
  return make("tr", {}, make("td", {}, box), head, ...cells, make("td", { className: "number", textContent: ago(run.changed_s) }));
}

function progress(run) {
  const bar = make("progress", { max: run.num_planned || 1, value: run.num_episodes });
  bar.setAttribute("aria-hidden", "true");
  return make("span", {}, bar, ` ${run.num_episodes} of ${run.num_planned}`);
}

function share({ num_successes: successes, num_episodes: episodes }) {
  return episodes ? `${(100 * successes / episodes).toFixed(1)} %` : "–";
}

function ago(seconds) {
  const passed = Math.max(0, Date.now() / 1000 - seconds);
  if (passed < 90) return `${Math.round(passed)} s ago`;
  if (passed < 5400) return `${Math.round(passed / 60)} min ago`;
  return new Date(1000 * seconds).toLocaleString();
}

function show({ folder, runs }) {
  byId("folder").textContent = folder;
  byId("none").hidden = runs.length > 0;
  byId("choice").hidden = runs.length === 0;
  const focused = document.activeElement?.dataset?.run;
  byId("runs").replaceChildren(...runs.map(row));
  if (focused !== undefined) [...document.querySelectorAll("input")].find((box) => box.dataset.run === focused)?.focus();
  byId("compare").disabled = chosen.size === 0;
}

async function keepUp() {
  try {
    show(await (await fetch("runs")).json());
    byId("problem").hidden = true;
  } catch {
    byId("problem").textContent = "The server does not answer. Is `vlm-gym view` still running?";
    byId("problem").hidden = false;
  }
  document.body.dataset.ready = "true";
  setTimeout(keepUp, ASKED_EVERY_MS);
}

byId("runs").addEventListener("change", ({ target }) => {
  if (target.checked) chosen.add(target.dataset.run);
  else chosen.delete(target.dataset.run);
  byId("compare").disabled = chosen.size === 0;
});
byId("choice").addEventListener("submit", (event) => {
  event.preventDefault();
  location.href = addressOf([...chosen]);
});
keepUp();
