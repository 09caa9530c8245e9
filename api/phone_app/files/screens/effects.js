// Side effects: what is noticed, and how strong; new, or a report of before that is corrected.
import {showCard} from "../card.js";
import {announce, button, el, go} from "../dom.js";
import {CHANGED, put, stamp, zone} from "../outgoing.js";
import {choice} from "../questions.js";
import {riskOfEffects} from "../risk.js";
import {copy, kept} from "../store.js";
import {sync} from "../sync.js";
import {say, words} from "../words.js";

export async function effectsScreen({due = null}) {
  const codes = await kept.get("codes");
  const done = [due, ...((await kept.get("done")) ?? [])].filter(Boolean);
  return screen(codes, new Map(), (effects, note) => put(
    {type: "side_effects", effects, recorded_at: stamp(), timezone: zone(), ...(note ? {note} : {})},
    {risky: riskOfEffects(effects, codes), due, values: {done}},
  ));
}

// A correction replaces all: what was reported with times or a blood pressure keeps them.
export async function amendEffectsScreen({effects_of: id}) {
  const codes = await kept.get("codes"), {record} = await copy.find(id);
  const before = new Map(record.effects.map((one) => [one.code, one]));
  const chosen = new Map(record.effects.map((one) => [one.code, one.grade]));
  return screen(codes, chosen, (effects, reason) => put(
    {
      type: "side_effects_amendment", of: id, reason: reason || CHANGED,
      effects: effects.map((one) => ({...before.get(one.code), ...one})),
      ...(record.vitals ? {vitals: record.vitals} : {}),
    },
    {risky: riskOfEffects(effects, codes)},
  ), true);
}

// `chosen`: code -> grade, null while it is open. `send` puts the entry on its way.
function screen(codes, chosen, send, corrects = false) {
  const heading = el("h1", {tabindex: "-1"}, words.effects);
  if (!codes) return [heading, el("p", {id: "loading"}, words.loading)];
  const problem = el("p", {role: "alert"});
  const note = el("textarea", {id: "note", maxlength: "4000", "aria-describedby": "note-hint"});
  const done = button(words.done, async () => {
    const open = codes.effects.find((one) => chosen.get(one.code) === null);
    if (open) {
      problem.textContent = say("pick_grade", {label: open.label});
      return document.getElementById(open.code).focus();
    }
    if (!chosen.size && !corrects) return problem.textContent = words.pick_effect;
    done.disabled = true;
    const row = await send([...chosen].map(([code, grade]) => ({code, grade})), note.value.trim());
    if (row.risky) await showCard(row);
    go(corrects ? "#past" : "#today");
    announce(words.kept_here);
    return sync({now: true});
  });
  return [
    heading,
    el("p", {}, words.effects_text),
    codes.effects.map((one) => effect(one, codes.grades, chosen)),
    el("label", {for: "note"}, corrects ? words.reason : words.note), note,
    el("p", {id: "note-hint", class: "faint"}, words.note_hint),
    problem, done,
  ].flat();
}

function effect({code, label}, grades, chosen) {
  const strong = el("fieldset", {id: code, tabindex: "-1", hidden: !chosen.has(code)},
    el("legend", {}, `${label}: ${words.how_strong}`),
    grades.map(({grade, label: words_of_grade}) => choice("radio", code, words_of_grade, chosen.get(code) === grade, () => {
      chosen.set(code, grade);
    })));
  const noticed = choice("checkbox", code, label, chosen.has(code), (event) => {
    if (event.target.checked) chosen.set(code, null);
    else chosen.delete(code);
    strong.hidden = !event.target.checked;
    for (const each of strong.querySelectorAll("input")) each.checked = false;
  });
  return el("div", {}, noticed, strong);
}
