// What the patient agreed to: the text as the clinic's server has it, agreeing, and taking it back. After that
// the card is shown, for help stays. Nothing of it works without a network: what is agreed to must be read first.
import {authorized} from "../api.js";
import {showCard} from "../card.js";
import {announce, at, button, el} from "../dom.js";
import {sync} from "../sync.js";
import {say, words} from "../words.js";

// `standing` as the bootstrap has it; one of an older server has none.
export function consentParts(standing) {
  if (!standing) return [];
  const text = el("div", {class: "stack", "aria-live": "polite"});
  const read = button(words.consent_read, async () => {
    const reply = await authorized("GET", "v1/consents");
    if (reply?.status !== 200) return announce(words.no_answer);
    return text.replaceChildren(...wholeText(reply.data));
  }, "quiet");
  return [el("h2", {}, words.consent), el("p", {}, stands(standing)), read, text];
}

function stands({status, accepted_at, withdrawn_at}) {
  if (status === "accepted") return say("consent_accepted", {time: at(accepted_at)});
  return status === "withdrawn" ? say("consent_withdrawn", {time: at(withdrawn_at)}) : words.consent_none;
}

function wholeText({in_force: {version, texts}, standing}) {
  const parts = texts.map(({language, title, paragraphs}) =>
    el("section", {lang: language}, el("h3", {}, title), paragraphs.map((one) => el("p", {}, one))));
  const asked = {id: crypto.randomUUID(), version, language: texts[0].language}; // tapped twice it is one
  const agree = button(words.agree, () => sent(agree, "v1/consents", asked));
  return [...parts, standing.to_accept ? agree : null,
    ...(standing.status === "accepted" ? wayBack(standing.consent_id) : [])].filter(Boolean);
}

function wayBack(id) {
  const really = button(words.really_withdraw, async () => {
    if (await sent(really, `v1/consents/${id}/withdraw`)) showCard();
  });
  const sure = el("section", {class: "stack", hidden: true, "aria-label": words.withdraw},
    el("p", {class: "warning"}, words.withdraw_text), really,
    button(words.stay, () => { sure.hidden = true; }, "quiet"));
  return [button(words.withdraw, () => { sure.hidden = false; really.focus(); }, "quiet"), sure];
}

// True when the server has it; then what is due, and what stands here, is another.
async function sent(pressed, path, body) {
  pressed.disabled = true;
  const reply = await authorized("POST", path, {body});
  const is_done = reply?.status === 200 || reply?.status === 201;
  if (is_done) {
    await sync({now: true});
    window.dispatchEvent(new HashChangeEvent("hashchange")); // drawn anew
  }
  announce(is_done ? words.saved : words.not_saved);
  pressed.disabled = false;
  return is_done;
}
