// What was written: first what is on its way, then the server's records; a form can be corrected. Of an
// entry that the server has and the copy has not yet, the outbox knows more.
import {at, day, el, instantIn, paragraphs} from "../dom.js";
import {copy, kept, outbox} from "../store.js";
import {say, words} from "../words.js";

const SHOWN = 100;
// What is open stays open when news are drawn.
const opened = new Set();

export async function pastScreen() {
  const [rows, records, codes, bootstrap] = await Promise.all(
    [outbox.own(), copy.all(), kept.get("codes"), kept.get("bootstrap")]);
  const shown = {instruments: bootstrap?.instruments ?? {}, codes};
  const own = rows.filter((row) => !isReplaced(row, rows, records)).reverse();
  const newer = new Set(rows.filter((row) => row.state === "stored").map((row) => row.item.of));
  const sorted = records.filter((one) => !newer.has(one.id))
    .sort((a, b) => new Date(b.record.recorded_at) - new Date(a.record.recorded_at));
  return [
    el("h1", {tabindex: "-1"}, words.past),
    own.length || sorted.length ? null : el("p", {}, words.nothing_past),
    ...own.map((row) => onItsWay(row, original(row, rows, records), shown)),
    ...sorted.slice(0, SHOWN).map((one) => stored(one, shown)),
  ];
}

// What was stored is shown once: not beside the copy's, nor beside a correction that was stored after it.
function isReplaced({state, id, seq}, rows, records) {
  if (state !== "stored") return false;
  return records.some((one) => one.id === id) ||
    rows.some((row) => row.item.of === id && row.state === "stored" && row.seq > seq);
}

// What a correction corrects: it says only what is different.
const original = ({item}, rows, records) => records.find((one) => one.id === item.of)?.record ??
  rows.find((row) => row.id === item.of)?.item ?? {};

function onItsWay({item, state, problem, put_at}, {instrument, effects, answers}, shown) {
  const whole = {instrument, effects, answers, ...item};
  return el("article", {},
    el("h2", {}, title(whole, shown)),
    el("p", {class: state === "stored" ? "faint" : "warning"}, words[`state_${state}`]),
    state === "refused" ? el("p", {}, words.not_taken, problem?.code ? ` (${problem.code})` : "") : null,
    content(whole, shown, [["written", put_at]]));
}

function stored({kind, id, record}, shown) {
  const change = {check_in: `#amend=${id}`, side_effects: `#effects_of=${id}`}[kind];
  const {recorded_at, sent_at, received_at} = record;
  return el("article", {},
    el("h2", {}, title(record, shown)),
    el("p", {class: "faint"}, record.mood_day ? day(record.mood_day) : at(record.recorded_at)),
    content(record, shown, [["written", recorded_at], ["sent", sent_at], ["arrived", received_at]]),
    record.seen_at ? el("p", {class: "faint"}, say("seen_at", {time: at(record.seen_at)})) : null,
    change ? el("a", {class: "button quiet", href: change}, words.change) : null);
}

function title({instrument, effects}, {instruments}) {
  if (instrument) return instruments[instrument]?.content.title ?? instrument;
  return effects ? words.effects : words.help_request;
}

// `times`: name and instant. They are shown by the clock where the entry was written.
function content({id, instrument, answers, effects, note, notice, timezone}, {instruments, codes}, times) {
  const rows = answers
    ? (instruments[instrument]?.content.items ?? []).map((item) => [item.text, answerLabel(item, answers[item.link_id])])
    : (effects ?? []).map((one) => [label(codes?.effects, "code", one.code), label(codes?.grades, "grade", one.grade)]);
  const ontoggle = ({target}) => (target.open ? opened.add(id) : opened.delete(id));
  return el("details", {open: opened.has(id) ? "" : null, ontoggle}, el("summary", {}, words.show),
    el("dl", {}, rows.map(([asked, answer]) => [el("dt", {}, asked), el("dd", {}, answer)]).flat()),
    note ? paragraphs(note) : null, notice ? el("p", {class: "faint"}, notice) : null,
    el("ul", {class: "plain times"}, times.filter(([, instant]) => instant).map(([name, instant]) =>
      el("li", {}, el("small", {}, say(`time_${name}`, {time: instantIn(timezone, instant)}))))));
}

function answerLabel(item, value) {
  if (value === "declined") return words.declined;
  return item.options.find((one) => one.value === value)?.label ?? words.unanswered;
}

const label = (list, key, value) => list?.find((one) => one[key] === value)?.label ?? String(value);
