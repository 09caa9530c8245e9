// What is due now, from the kept bootstrap: it holds for two weeks without a network.
import {at, day, el, paragraphs} from "../dom.js";
import {dueKey} from "../outgoing.js";
import {isUnsent, kept, outbox} from "../store.js";
import {counted, say, words} from "../words.js";

const ANY_TIME = ["phq9-daily", "mood"];

export async function todayScreen() {
  const bootstrap = await kept.get("bootstrap"), rows = await outbox.own();
  const heading = el("h1", {tabindex: "-1"}, words.today);
  const needs = (await kept.get("needs_invitation"))
    ? el("p", {class: "warning"}, words.needs_invitation, " ", el("a", {href: "#invitation="}, words.code)) : null;
  if (!bootstrap) return [heading, needs, el("p", {id: "loading"}, words.loading)];
  const done = new Set([...((await kept.get("done")) ?? []), ...rows.map((row) => row.due)]);
  const open = bootstrap.due.filter((item) => isOpen(item) && !done.has(dueKey(item)));
  const drive = bootstrap.driving_restriction_until;
  const unsent = rows.filter(isUnsent).length;
  return [
    heading, needs,
    drive && new Date(drive) > new Date() ? el("p", {class: "warning"}, say("no_driving", {time: at(drive)})) : null,
    unsent ? el("p", {id: "unsent"}, counted("waiting", unsent)) : null,
    el("h2", {}, words.due_now),
    open.length ? el("ul", {class: "plain stack"}, open.map((item) => el("li", {}, task(bootstrap, item)))) : el("p", {}, words.nothing_due),
    el("h2", {}, words.any_time),
    el("ul", {class: "plain stack"},
      ANY_TIME.filter((code) => bootstrap.instruments[code]).map((code) =>
        el("li", {}, el("a", {class: "button quiet", href: `#form=${code}`}, bootstrap.instruments[code].content.title))),
      el("li", {}, el("a", {class: "button quiet", href: "#effects"}, words.effects))),
    el("footer", {class: "faint"}, paragraphs(bootstrap.clinic.name)),
  ];
}

function isOpen({status, opens_at, expires_at}) {
  const now = new Date();
  return !["answered", "expired"].includes(status) && new Date(opens_at) <= now && now < new Date(expires_at);
}

function task(bootstrap, item) {
  const reports = item.instrument === "side_effects";
  const title = reports ? words.effects : bootstrap.instruments[item.instrument].content.title;
  const due = encodeURIComponent(dueKey(item));
  const about = item.mood_day ? `${say("about_day", {day: day(item.mood_day)})}, ` : "";
  return el("a", {class: "button main", href: reports ? `#effects&due=${due}` : `#form=${item.instrument}&due=${due}`},
    el("span", {}, title), el("small", {}, `${about}${say("until", {time: at(item.expires_at)})}`));
}
