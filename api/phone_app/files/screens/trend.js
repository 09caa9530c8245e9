// The patient's own trend: a line, and the same as a table for whoever does not see it. The last one is
// kept for flight mode.
import {authorized} from "../api.js";
import {at, button, day, el, svg} from "../dom.js";
import {kept} from "../store.js";
import {number, say, words} from "../words.js";

const FORMS = {"phq9": "two_weeks", "phq9-daily": "daily"};
const HIGHEST = 27, WIDTH = 320, HEIGHT = 160, EDGE = 24, DAY_MS = 86_400_000;

export async function trendScreen({form = "phq9"}) {
  const key = `trend ${form}`, body = el("div", {});
  draw(body, await kept.get(key));
  authorized("GET", `v1/me/trend?instrument=${form}`).then(async (reply) => {
    if (reply?.status !== 200) return;
    const {series, generated_at} = reply.data;
    await kept.put({[key]: {series, generated_at}});
    draw(body, {series, generated_at});
  });
  return [
    el("h1", {tabindex: "-1"}, words.trend),
    el("p", {}, words.trend_text),
    el("ul", {class: "plain stack"}, Object.entries(FORMS).map(([code, name]) => el("li", {},
      el("a", {class: code === form ? "button main" : "button quiet", href: `#trend&form=${code}`, "aria-current": code === form ? "true" : null}, words[name])))),
    body,
  ];
}

function draw(body, report) {
  const points = (report?.series ?? []).filter((one) => one.value !== null);
  if (!points.length) return body.replaceChildren(el("p", {}, words.no_trend));
  const last = points.at(-1);
  return body.replaceChildren(
    el("p", {}, say("points", {value: number(last.value), day: day(last.mood_day)})),
    el("figure", {}, picture(points)),
    el("details", {}, el("summary", {}, words.as_table), el("table", {},
      el("thead", {}, el("tr", {}, el("th", {scope: "col"}, words.day_column), el("th", {scope: "col"}, words.points_column))),
      el("tbody", {}, points.toReversed().map((one) =>
        el("tr", {}, el("td", {}, day(one.mood_day)), el("td", {}, number(one.value))))))),
    el("p", {class: "faint"}, say("as_of", {time: at(report.generated_at)})));
}

function picture(points) {
  const days = points.map((one) => Date.parse(`${one.mood_day}T00:00:00Z`) / DAY_MS);
  const span = Math.max(1, days.at(-1) - days[0]);
  const x = (one) => EDGE + (one - days[0]) / span * (WIDTH - EDGE - 8);
  const y = (value) => 8 + (1 - value / HIGHEST) * (HEIGHT - 16);
  const dots = points.map((one, place) => [x(days[place]).toFixed(1), y(one.value).toFixed(1)]);
  return svg("svg", {viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", "aria-label": words.trend},
    [0, 9, 18, 27].map((value) => [
      svg("line", {x1: EDGE, x2: WIDTH, y1: y(value), y2: y(value)}),
      svg("text", {x: 0, y: y(value) + 4}, String(value)),
    ]).flat(),
    svg("polyline", {points: dots.map((one) => one.join(",")).join(" ")}),
    dots.map(([cx, cy]) => svg("circle", {cx, cy, r: 4})));
}
