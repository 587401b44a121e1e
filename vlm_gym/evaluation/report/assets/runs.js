// What determines each run.

function drawRuns() {
  byId("runs").append(...REPORT.runs.map((run, index) => element("details", { class: "card" },
    element("summary", {}, runLabel(index), element("span", { class: "muted", text: visible(` ${runFacts(run)}`) })),
    element("pre", { tabindex: "0", "aria-label": "run.json", text: visible(JSON.stringify(run.settings, null, 2)) }))));
}

function runFacts(run) {
  const { summary } = run;
  const panel = summary.panel === null ? "chosen tasks" : summary.panel + (summary.num_first === null ? "" : `, first ${summary.num_first} of each task`);
  const isPart = summary.num_episodes < summary.num_planned;
  return [`agent ${summary.agent}`, panel, isPart ? `${summary.num_episodes} of ${count(summary.num_planned, "episode")} finished` : count(summary.num_episodes, "episode")].join(" · ");
}
