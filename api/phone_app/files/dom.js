// Elements are made here and nowhere else: what others wrote is always text, never markup.
import {locale} from "./words.js";

export function el(tag, props = {}, ...children) {
  const made = document.createElement(tag);
  set(made, props);
  made.append(...children.flat().filter((one) => one !== null && one !== undefined));
  return made;
}

export function svg(tag, props = {}, ...children) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", tag);
  set(made, props);
  made.append(...children.flat());
  return made;
}

function set(made, props) {
  for (const [name, value] of Object.entries(props)) {
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (name === "checked" || name === "value" || name === "disabled" || name === "hidden") made[name] = value;
    else if (value !== null && value !== undefined) made.setAttribute(name, value);
  }
}

// Text with empty lines in it as paragraphs.
export const paragraphs = (text) => text.split("\n\n").map((one) => el("p", {}, one));

export const button = (words, onclick, kind = "main") => el("button", {type: "button", class: kind, onclick}, words);

// Said aloud by a screen reader, and shown above the bar.
let quiet = 0;
export function announce(words) {
  document.getElementById("status").textContent = words;
  clearTimeout(quiet);
  quiet = setTimeout(() => { document.getElementById("status").textContent = ""; }, 10_000);
}

// To another screen; also to the one whose name stands there already.
export function go(hash) {
  if (location.hash === hash) window.dispatchEvent(new HashChangeEvent("hashchange"));
  else location.hash = hash;
}

export const at = (instant) => new Intl.DateTimeFormat(locale(), {
  weekday: "long", day: "numeric", month: "long", hour: "2-digit", minute: "2-digit",
}).format(new Date(instant));

// With the year and the zone, by the wall clock there; in UTC where we know no such clock.
export function instantIn(zone, instant) {
  const how = {dateStyle: "medium", timeStyle: "short"};
  const place = zone ? ` (${zone})` : "";
  try {
    return new Intl.DateTimeFormat(locale(), {...how, timeZone: zone ?? undefined}).format(new Date(instant)) + place;
  } catch {
    return new Intl.DateTimeFormat(locale(), {...how, timeZone: "UTC"}).format(new Date(instant)) + " (UTC)";
  }
}

export const clock = (instant) => new Intl.DateTimeFormat(locale(), {
  hour: "2-digit", minute: "2-digit",
}).format(new Date(instant));

// A day as the API writes it.
export const day = (text) => new Intl.DateTimeFormat(locale(), {
  day: "numeric", month: "short", year: "numeric", timeZone: "UTC",
}).format(new Date(`${text}T00:00:00Z`));
