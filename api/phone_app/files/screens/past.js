// What was written: first what is not sent yet, then the server's records; a form can be corrected.
import {at, day, el, paragraphs} from "../dom.js";
import {copy, kept, outbox} from "../store.js";
import {say, words} from "../words.js";

const SHOWN = 100;

export async function pastScreen() {
  const [rows, records, codes, bootstrap] = await Promise.all(
    [outbox.own(), copy.all(), kept.get("codes"), kept.get("bootstrap")]);
  const own = rows.reverse();
  const sorted = records.sort((a, b) => new Date(b.record.recorded_at) - new Date(a.record.recorded_at));
  const shown = {instruments: bootstrap?.instruments ?? {}, codes};
  return [
    el("h1", {tabindex: "-1"}, words.past),
    own.length || sorted.length ? null : el("p", {}, words.nothing_past),
    ...own.map((row) => unsent(row, shown, records)),
    ...sorted.slice(0, SHOWN).map((one) => stored(one, shown)),
  ];
}

function unsent({item, state, problem}, shown, records) {
  const original = records.find((one) => one.id === item.of)?.record ?? {};
  return el("article", {},
    el("h2", {}, title({...original, ...item}, shown)),
    el("p", {class: "warning"}, words[`state_${state}`]),
    state === "refused" ? el("p", {}, words.not_taken, problem?.code ? ` (${problem.code})` : "") : null,
    content({...original, ...item}, shown));
}

function stored({kind, id, record}, shown) {
  const change = {check_in: `#amend=${id}`, side_effects: `#effects_of=${id}`}[kind];
  return el("article", {},
    el("h2", {}, title(record, shown)),
    el("p", {class: "faint"}, record.mood_day ? day(record.mood_day) : at(record.recorded_at)),
    content(record, shown),
    record.seen_at ? el("p", {class: "faint"}, say("seen_at", {time: at(record.seen_at)})) : null,
    change ? el("a", {class: "button quiet", href: change}, words.change) : null);
}

function title({instrument, effects}, {instruments}) {
  if (instrument) return instruments[instrument]?.content.title ?? instrument;
  return effects ? words.effects : words.help_request;
}

function content({instrument, answers, effects, note, notice}, {instruments, codes}) {
  const rows = answers
    ? (instruments[instrument]?.content.items ?? []).map((item) => [item.text, answerLabel(item, answers[item.link_id])])
    : (effects ?? []).map((one) => [label(codes?.effects, "code", one.code), label(codes?.grades, "grade", one.grade)]);
  return el("details", {}, el("summary", {}, words.show),
    el("dl", {}, rows.map(([asked, answer]) => [el("dt", {}, asked), el("dd", {}, answer)]).flat()),
    note ? paragraphs(note) : null, notice ? el("p", {class: "faint"}, notice) : null);
}

function answerLabel(item, value) {
  if (value === "declined") return words.declined;
  return item.options.find((one) => one.value === value)?.label ?? words.unanswered;
}

const label = (list, key, value) => list?.find((one) => one[key] === value)?.label ?? String(value);
