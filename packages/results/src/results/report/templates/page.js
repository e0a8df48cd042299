// Figures name their colours by placeholder; here each gets the value of the theme in force.
const VARIABLES = {INK: "--ink", MUTED: "--muted", GRID: "--grid", ACCENT: "--accent", ACCENT_2: "--accent-2",
                   UP: "--up", DOWN: "--down", SHADE: "--shade"};

function themed(figure) {
  const style = getComputedStyle(document.documentElement);
  let text = JSON.stringify(figure);
  for (const [name, placeholder] of Object.entries(THEME)) {
    text = text.replaceAll(`"${placeholder}"`, JSON.stringify(style.getPropertyValue(VARIABLES[name]).trim()));
  }
  const result = JSON.parse(text);
  result.layout.font.family = getComputedStyle(document.body).fontFamily;
  result.layout.hoverlabel = {bgcolor: style.getPropertyValue("--card").trim(),
                              bordercolor: style.getPropertyValue("--grid").trim(),
                              font: {color: style.getPropertyValue("--ink").trim()}};
  return result;
}

// The span of time that all figures over time show, milliseconds; null: everything.
let span = null;
let spreading = false;
const drawn = new Set();
const overTime = id => Boolean(FIGURES[id].layout.meta?.over_time);
const place = id => document.getElementById(id);
const milliseconds = value => typeof value === "number" ? value : Date.parse(/[zZ]$/.test(value) ? value : value.replace(" ", "T") + "Z");

async function draw(id) {
  const fresh = !drawn.has(id);
  drawn.add(id);
  const {data, layout} = themed(FIGURES[id]);
  await Plotly.react(place(id), data, layout, {displayModeBar: false, responsive: true});
  if (!overTime(id)) return;
  if (fresh) place(id).on("plotly_relayout", change => zoomed(id, change));
  if (span) await show(id);
}

function show(id) {
  const change = {};
  for (const name of Object.keys(place(id).layout).filter(key => /^xaxis\d*$/.test(key))) {
    if (span) change[`${name}.range`] = [...span]; else change[`${name}.autorange`] = true;
  }
  return Plotly.relayout(place(id), change);
}

function zoomed(id, change) {
  if (spreading) return;
  const key = Object.keys(change).find(name => /^xaxis\d*\.(range|autorange)/.test(name));
  if (!key) return;
  const axis = key.split(".")[0];
  const range = change[`${axis}.range`] ?? [change[`${axis}.range[0]`], change[`${axis}.range[1]`]];
  spread(change[`${axis}.autorange`] ? null : range.map(milliseconds), id);
}

// Let every figure over time show `range`; `from`: the one that does so already.
async function spread(range, from) {
  span = range;
  spreading = true;
  await Promise.all([...drawn].filter(id => overTime(id) && id !== from).map(show));
  spreading = false;
  const length = span && span[1] - span[0];
  for (const button of document.querySelectorAll("#ranges button[data-span]")) {
    button.setAttribute("aria-pressed", String((Number(button.dataset.span) || null) === length));
  }
  const reset = document.getElementById("reset");
  if (reset) reset.disabled = span === null;
}

document.getElementById("ranges")?.addEventListener("click", event => {
  const {dataset, id} = event.target;
  if (id === "reset" || dataset.span === "") spread(null);
  else if (dataset.span) spread([LAST_MS - Number(dataset.span), LAST_MS]);
});

async function unpacked(id) {
  const bytes = Uint8Array.from(atob(place(id).textContent), each => each.charCodeAt(0));
  return new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"))).text();
}

async function begin() {
  const library = document.createElement("script");
  library.textContent = await unpacked("library");
  document.head.append(library);
  const observer = new IntersectionObserver(entries => {
    for (const entry of entries) {
      if (entry.isIntersecting && !drawn.has(entry.target.id)) draw(entry.target.id);
    }
  }, {rootMargin: "1200px"});
  for (const id of Object.keys(FIGURES)) observer.observe(place(id));
  window.addEventListener("beforeprint", () => Object.keys(FIGURES).forEach(draw));
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => [...drawn].forEach(draw));
  document.documentElement.dataset.drawn = "yes";
}
begin();
