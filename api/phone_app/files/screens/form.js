// One form: new, or one of before that is corrected. A draft is on disk after every answer. As soon as
// an answer is risky the card is shown and the form sent as it is; what follows is its amendment.
import {showCard} from "../card.js";
import {announce, button, el, go} from "../dom.js";
import {CHANGED, dueKey, put, stamp, zone} from "../outgoing.js";
import {asked, questions, stillOpen} from "../questions.js";
import {riskOfForm} from "../risk.js";
import {copy, kept} from "../store.js";
import {sync} from "../sync.js";
import {counted, words} from "../words.js";

const DONE_KEPT = 60;
// Reasons for staff, who read English.
const FINISHED = "Finished after the first part was sent.", ANSWERING = "Changed while answering.";

// A new form, or the answer to something due: `due` names it ("phq9 2026-11-28T…").
export async function formScreen({form: code, due = null}) {
  const bootstrap = await kept.get("bootstrap");
  const key = `draft ${code} ${due ?? today()}`; // what was begun on another day is that day's
  const draft = (await kept.get(key)) ?? {answers: {}, sent_id: null, sent_risk: "", note: ""};
  const item = bootstrap.due.find((one) => dueKey(one) === due);
  return screen(bootstrap.instruments[code].content, draft, {key, due, about: item?.mood_day});
}

// A correction: the entry is the draft's first part, which was sent.
export async function amendScreen({amend: id}) {
  const bootstrap = await kept.get("bootstrap");
  const {record} = await copy.find(id);
  const instrument = bootstrap.instruments[record.instrument].content;
  const key = `draft of ${id}`, before = riskOfForm(instrument.code, record.answers);
  const draft = (await kept.get(key)) ??
    {answers: {...record.answers}, sent_id: id, sent_risk: before, note: ""};
  return screen(instrument, draft, {key, corrects: true});
}

// Days begin at 04:00, as the server counts them.
const today = () => stamp(new Date(Date.now() - 4 * 3_600_000)).slice(0, 10);

function screen(instrument, draft, how) {
  let turn = Promise.resolve(), insisted = false;
  const inTurn = (work) => { turn = turn.then(work); return turn; };
  const problem = el("p", {role: "alert"});
  const note = el("textarea", {
    id: "note", value: draft.note, maxlength: "4000", "aria-describedby": "note-hint",
    oninput: () => { draft.note = note.value; inTurn(() => kept.put({[how.key]: draft})); },
  });
  const body = questions(instrument, draft.answers, () => inTurn(() => answered(instrument, draft, how)));
  const done = button(words.done, async () => {
    const open = stillOpen(instrument, draft.answers);
    if (!Object.keys(asked(instrument, draft.answers)).length) return problem.textContent = words.answer_something;
    if (open.length && !insisted) {
      insisted = true;
      [problem.textContent, done.textContent] = [counted("open", open.length), words.send_as_is];
      return document.getElementById(open[0]).focus();
    }
    done.disabled = true; // one tap, one entry
    await inTurn(() => finish(instrument, draft, how));
    go(how.corrects ? "#past" : "#today");
    announce(words.kept_here);
    return sync({now: true});
  });
  return [
    el("h1", {tabindex: "-1"}, instrument.title),
    el("p", {class: "faint"}, instrument.recall_window),
    el("p", {class: "prompt"}, instrument.prompt),
    body,
    el("label", {for: "note"}, how.corrects ? words.reason : words.note), note,
    el("p", {id: "note-hint", class: "faint"}, words.note_hint),
    problem, done,
    el("details", {}, el("summary", {}, words.licence), el("p", {}, instrument.licence_note)),
  ];
}

async function answered(instrument, draft, how) {
  const answers = asked(instrument, draft.answers), risk = riskOfForm(instrument.code, answers);
  if (!risk || risk === draft.sent_risk) return kept.put({[how.key]: draft});
  draft.sent_risk = risk;
  const item = entry(instrument, draft, how, ANSWERING);
  const row = await put(item, {risky: risk, due: how.due, values: (id) => {
    draft.sent_id ??= id;
    return {[how.key]: draft};
  }});
  await showCard(row);
  sync({now: true});
  return row;
}

async function finish(instrument, draft, how) {
  const finished = how.corrects ? CHANGED : FINISHED;
  const done = [how.due, ...((await kept.get("done")) ?? [])].filter(Boolean).slice(0, DONE_KEPT);
  const risky = riskOfForm(instrument.code, asked(instrument, draft.answers));
  await put(entry(instrument, draft, how, finished), {risky, due: how.due, values: {done}, gone: [how.key]});
}

// The note of a form whose first part was sent goes as the reason of its amendment: it is read as a note.
function entry(instrument, draft, how, reason) {
  const answers = asked(instrument, draft.answers), note = draft.note.trim();
  if (draft.sent_id) {
    return {type: "check_in_amendment", of: draft.sent_id, answers, reason: note || reason};
  }
  return {
    type: "check_in", instrument: instrument.code, answers, recorded_at: stamp(), timezone: zone(),
    ...(how.about ? {mood_day: how.about} : {}), ...(note ? {note} : {}),
  };
}
