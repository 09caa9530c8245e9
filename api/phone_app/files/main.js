// Start and way-finding: `#today`, `#form=phq9`, `#invitation=CODE`. Each screen is a function that reads
// the store and returns its nodes, drawn anew when something that it shows has changed.
import {showCard} from "./card.js";
import {el} from "./dom.js";
import {register} from "./push.js";
import {amendEffectsScreen, effectsScreen} from "./screens/effects.js";
import {amendScreen, formScreen} from "./screens/form.js";
import {pastScreen} from "./screens/past.js";
import {settingsScreen} from "./screens/settings.js";
import {todayScreen} from "./screens/today.js";
import {trendScreen} from "./screens/trend.js";
import {welcomeScreen} from "./screens/welcome.js";
import {isUnsent, kept, outbox} from "./store.js";
import {news, sync} from "./sync.js";
import {beside, useLanguage, words} from "./words.js";

const SCREENS = {
  today: todayScreen, effects: effectsScreen, past: pastScreen, trend: trendScreen, settings: settingsScreen,
  form: formScreen, amend: amendScreen, effects_of: amendEffectsScreen, invitation: welcomeScreen,
};
const BAR = ["today", "effects", "past", "trend", "settings"];
// Drawn again when news come, as is what waits for its first; never a form that somebody is filling in.
const LIVE = ["today", "past"];
const main = document.getElementById("main"), nav = document.getElementById("nav"), help = document.getElementById("help");

const place = () => Object.fromEntries(new URLSearchParams(location.hash.slice(1) || "today"));

async function show({moved = true} = {}) {
  await speak();
  const asked = place(), known = Object.keys(asked).find((name) => name in SCREENS) ?? "today";
  const is_in = Boolean(await kept.get("tokens"));
  const name = is_in ? known : "invitation";
  if (asked.invitation) history.replaceState(null, "", "#invitation"); // out of the address at once
  if (name === "invitation" && asked.invitation) await kept.put({code: asked.invitation});
  // What an address names may be gone: then what can be done now.
  const nodes = await SCREENS[name](asked).catch((error) => { reportError(error); return todayScreen(); });
  if (JSON.stringify(place()) !== JSON.stringify(asked) && !asked.invitation) return; // somebody went on
  main.replaceChildren(...nodes.filter(Boolean));
  document.title = `${main.querySelector("h1").textContent} – Interlude`;
  nav.hidden = !is_in;
  nav.setAttribute("aria-label", words.parts);
  nav.replaceChildren(...BAR.map((one) => el("a", {href: `#${one}`, "aria-current": one === name ? "page" : null}, words[one])));
  if (!moved) return;
  window.scrollTo(0, 0);
  main.querySelector("h1").focus();
}

// In the language of the newest bootstrap; what stands outside of the screens too.
async function speak() {
  useLanguage(await kept.get("bootstrap"));
  help.textContent = beside("help_now");
  showNetwork();
}

function showNetwork() {
  const net = document.getElementById("net"), text = navigator.onLine ? "" : words.offline;
  if (net.textContent !== text) net.textContent = text; // or it is read aloud again
}

window.addEventListener("hashchange", () => show());
window.addEventListener("online", () => { showNetwork(); sync({now: true}); });
window.addEventListener("offline", showNetwork);
document.addEventListener("visibilitychange", () => { if (!document.hidden) sync({now: true}); });
for (const what of ["fetched", "outbox"]) {
  news.addEventListener(what, () => {
    const known = Object.keys(place()).find((name) => name in SCREENS) ?? "today";
    if (LIVE.includes(known) || document.getElementById("loading")) show({moved: false});
  });
}

// What is risky and perhaps nobody has seen: help is on the screen again, before anything is sent.
async function showCardAgain() {
  const row = (await outbox.own()).findLast((one) => one.risky && isUnsent(one));
  if (row) await showCard(row);
}

await show({moved: false});
await showCardAgain();
// A new version of the files waits until the app was closed, in every tab: no form is taken from under
// anybody's hands, no call is cut, and no page has files of two versions.
navigator.serviceWorker?.register("sw.js").catch(() => null);
sync({now: true});
if (await kept.get("reminded")) register();
