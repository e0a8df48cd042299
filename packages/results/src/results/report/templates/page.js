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

function draw(id) {
  const {data, layout} = themed(FIGURES[id]);
  Plotly.react(document.getElementById(id), data, layout, {displayModeBar: false, responsive: true});
}

const drawn = new Set();
const observer = new IntersectionObserver(entries => {
  for (const entry of entries) {
    if (entry.isIntersecting && !drawn.has(entry.target.id)) {
      drawn.add(entry.target.id);
      draw(entry.target.id);
    }
  }
}, {rootMargin: "1200px"});
for (const id of Object.keys(FIGURES)) observer.observe(document.getElementById(id));
window.addEventListener("beforeprint", () => Object.keys(FIGURES).forEach(id => { drawn.add(id); draw(id); }));
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => drawn.forEach(draw));
