// The questions of a form, from its definition (`items` of /v1/instruments): asked in the published
// order, each with its options; what the definition says is not asked now is hidden and not sent.
import {el} from "./dom.js";
import {isAsked} from "./risk.js";
import {words} from "./words.js";

const DECLINED = "declined";

// `answers` is changed as the patient answers; `changed` is called after each.
export function questions(instrument, answers, changed) {
  const fields = instrument.items.map((item) => [item, field(item, answers, () => {
    look();
    changed();
  })]);
  const look = () => fields.forEach(([item, node]) => { node.hidden = !isAsked(item, answers); });
  look();
  return el("div", {}, fields.map(([, node]) => node));
}

function field(item, answers, changed) {
  const options = [...item.options, {value: DECLINED, label: words.declined}];
  return el("fieldset", {id: item.link_id, tabindex: "-1"},
    el("legend", {}, item.text),
    options.map(({value, label}) => choice("radio", item.link_id, label, answers[item.link_id] === value, () => {
      answers[item.link_id] = value;
      changed();
    })));
}

export const choice = (type, name, label, checked, onchange) => el("label", {class: "choice"},
  el("input", {type, name, checked, onchange}), el("span", {}, label));

// What is sent: nothing of a question that is not asked any more.
export const asked = (instrument, answers) => Object.fromEntries(instrument.items
  .filter((item) => isAsked(item, answers) && answers[item.link_id] !== undefined && answers[item.link_id] !== null)
  .map((item) => [item.link_id, answers[item.link_id]]));

export const stillOpen = (instrument, answers) => instrument.items
  .filter((item) => isAsked(item, answers) && (answers[item.link_id] ?? null) === null)
  .map((item) => item.link_id);
