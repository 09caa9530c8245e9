// Is an answer risky? Decided on the phone, without asking anybody (docs/mobile.md). It may show a card
// too often, never too seldom, and lowers nothing that the server says.
const PHQ = ["phq9", "phq9-daily"];
const CSSRS = ["q3", "q4", "q5", "q6", "q6b"];

// What of a form is risky, as a text that changes when that does; empty when nothing is.
export function riskOfForm(instrument, answers) {
  const links = PHQ.includes(instrument) ? ["q9"] : instrument.startsWith("cssrs") ? CSSRS : [];
  return links.filter((link) => answers[link] >= 1).map((link) => `${link}=${answers[link]}`).join(",");
}

// `codes`: of GET /v1/side-effects/codes.
export function riskOfEffects(effects, codes) {
  const emergency = new Set((codes?.effects ?? []).filter((one) => one.emergency).map((one) => one.code));
  return effects.filter((one) => one.grade === 4 || emergency.has(one.code)).map((one) => one.code).join(",");
}

// Is a question asked now? The rule stands in the instrument's definition (`asked_when`).
export function isAsked(item, answers) {
  const when = item.asked_when;
  if (!when) return true;
  const given = when.link_ids.map((link) => answers[link]);
  if (given.some((value) => Number.isInteger(value) && value >= when.at_least)) return true;
  return when.if_unanswered && given.some((value) => !Number.isInteger(value));
}
