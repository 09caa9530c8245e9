// The trend's read-out: by pointer, by touch and by keys. The words are those of the table beside
// the chart, so that both say the same; without scripts the table is there alone.
const read = (box) => {
  const slider = box.querySelector("[data-slider]"), words = box.querySelector("[data-readout]");
  const plot = slider.querySelector(".chart-plot"), cursor = plot.querySelector(".cursor");
  const [line, dot] = cursor.children;
  const heads = [...box.querySelectorAll("thead th")].map((head) => head.textContent);
  const days = [...box.querySelectorAll("tbody tr")].reverse();
  if (!days.length) return;
  let place = days.length - 1;

  const sentence = (row) => {
    const [day, value, ...others] = [...row.cells].map((cell) => cell.textContent);
    const known = others.map((text, at) => text && `${heads[at + 2]}: ${text}`).filter(Boolean);
    return [day, value === "–" ? "no value" : value, known];
  };
  const show = (at, spoken) => {
    place = Math.max(0, Math.min(days.length - 1, at));
    const row = days[place], [day, value, known] = sentence(row);
    const x = `${Number(row.dataset.x) / 10}%`;
    line.setAttribute("x1", x);
    line.setAttribute("x2", x);
    dot.setAttribute("visibility", row.dataset.y ? "inherit" : "hidden");
    dot.setAttribute("cx", x);
    dot.setAttribute("cy", row.dataset.y || 0);
    cursor.setAttribute("visibility", "visible");
    const strong = document.createElement("b");
    strong.textContent = value;
    words.replaceChildren(`${day}: `, strong, known.length ? ` · ${known.join(" · ")}` : "");
    if (spoken) {
      slider.setAttribute("aria-valuenow", String(place + 1));
      slider.setAttribute("aria-valuetext", [`${day}: ${value}`, ...known].join(", "));
    }
  };
  const nearest = (event) => {
    const {left, width} = plot.getBoundingClientRect();
    const share = 1000 * (event.clientX - left) / width;
    const far = (row) => Math.abs(Number(row.dataset.x) - share);
    return days.reduce((best, row, at) => far(row) < far(days[best]) ? at : best, 0);
  };
  const STEPS = {ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1, PageUp: 7, PageDown: -7};

  slider.tabIndex = 0;
  slider.setAttribute("role", "slider");
  slider.setAttribute("aria-valuemin", "1");
  slider.setAttribute("aria-valuemax", String(days.length));
  slider.setAttribute("aria-orientation", "horizontal");
  words.hidden = false;
  show(place, true);
  for (const kind of ["pointermove", "pointerdown"]) {
    plot.addEventListener(kind, (event) => show(nearest(event), true));
  }
  slider.addEventListener("keydown", (event) => {
    const ends = {Home: 0, End: days.length - 1};
    if (!(event.key in STEPS) && !(event.key in ends)) return;
    event.preventDefault();
    event.stopPropagation();
    show(ends[event.key] ?? place + STEPS[event.key], true);
  });
};
for (const box of document.querySelectorAll("[data-chart]")) read(box);
