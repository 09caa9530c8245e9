// The app's own words, in the language of the patient's forms and cards. They are data beside the texts of
// the cards; the server writes them into languages.js, and they hold without a network.
import {LANGUAGES} from "./languages.js";

const ENGLISH = LANGUAGES.en.words;
export const NAMES = Object.entries(LANGUAGES).map(([code, {name}]) => [code, name]);
// Of the language in use. Until the clinic has reviewed it, what the card says stands in English too.
export let words = ENGLISH;
let reviewed = true;

// The card of the server says which languages it is in; before there is one, the phone does.
export function useLanguage(bootstrap) {
  const [own, beside] = bootstrap ? bootstrap.crisis_card.card.languages ?? ["en"] : [ofPhone(), "en"];
  const code = own in LANGUAGES ? own : "en";
  words = LANGUAGES[code].words;
  reviewed = code === "en" || !beside;
  document.documentElement.lang = code;
}

const ofPhone = () => navigator.languages.map((tag) => tag.split("-")[0]).find((code) => code in LANGUAGES) ?? "en";

// A sentence with what its names in braces stand for.
export const say = (name, values = {}) => filled(words[name], values);

// "waiting_one", "waiting_more": counted things are one or more.
export const counted = (name, count) => say(`${name}_${count === 1 ? "one" : "more"}`, {count: number(count)});

// Of dates and numbers: the language in use, as the phone's country writes it where it is the phone's own.
export const locale = () => {
  const {lang} = document.documentElement;
  return navigator.languages.find((tag) => tag.split("-")[0] === lang) ?? lang;
};
export const number = (value) => new Intl.NumberFormat(locale()).format(value);

// Of the card: a label with the English one beside it, and sentences with the English ones below.
export const beside = (name) => reviewed ? words[name] : `${words[name]} / ${ENGLISH[name]}`;
export const below = (...sentences) => [words, ...(reviewed ? [] : [ENGLISH])]
  .map((language) => sentences.map(([name, values = {}]) => filled(language[name], values)).join(" "));

const filled = (text, values) => text.replace(/\{(\w+)\}/g, (_, name) => values[name]);
