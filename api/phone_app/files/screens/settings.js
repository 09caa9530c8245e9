// Language, quiet hours, reminders on this phone, consent, and the way out, which wipes it.
import {authorized} from "../api.js";
import {announce, button, el} from "../dom.js";
import {canPush, startReminders, stopReminders} from "../push.js";
import {kept, outbox, wipe} from "../store.js";
import {sync} from "../sync.js";
import {counted, NAMES, useLanguage, words} from "../words.js";
import {consentParts} from "./consent.js";

const QUIET = {from: "21:00", to: "08:00"}; // what holds for who has set nothing

export async function settingsScreen() {
  const {profile, consent} = (await kept.get("bootstrap")) ?? {};
  const heading = el("h1", {tabindex: "-1"}, words.settings);
  if (!profile) return [heading, el("p", {id: "loading"}, words.loading), ...await wayOut()];
  return [heading, ...preferences(profile), ...await reminders(), ...consentParts(consent), ...await wayOut()];
}

function preferences({language, quiet_hours}) {
  const chosen = (language ?? "").split("-")[0];
  const select = el("select", {id: "language"},
    el("option", {value: "", selected: chosen ? null : ""}, words.by_phone),
    NAMES.map(([code, name]) =>
      el("option", {value: code, lang: code, selected: code === chosen ? "" : null}, name)));
  const quiet = quiet_hours ?? QUIET;
  const from = el("input", {type: "time", id: "quiet-from", value: quiet.from});
  const to = el("input", {type: "time", id: "quiet-to", value: quiet.to});
  const save = button(words.save, async () => {
    const body = {language: select.value || null, quiet_hours: {from: from.value, to: to.value}};
    const reply = await authorized("PATCH", "v1/me", {body});
    if (reply?.status !== 200) return announce(words.not_saved);
    await sync(); // forms and card come with it
    useLanguage(await kept.get("bootstrap"));
    window.dispatchEvent(new HashChangeEvent("hashchange")); // drawn anew
    return announce(words.saved);
  });
  return [
    el("label", {for: "language"}, words.language), select,
    el("label", {for: "quiet-from"}, words.quiet), from,
    el("label", {for: "quiet-to"}, words.quiet_to), to,
    save,
  ];
}

async function reminders() {
  if (!canPush()) return [];
  const on = await kept.get("reminded");
  const turn = button(on ? words.no_reminders : words.remind, async () => {
    turn.disabled = true;
    const reminded = on ? await stopReminders() : await startReminders();
    announce(on ? words.saved : reminded ? words.reminded : words.cannot_remind);
    window.dispatchEvent(new HashChangeEvent("hashchange")); // drawn anew
  }, "quiet");
  return [turn];
}

// What is not sent is asked about first; then nothing stays, also when the server does not answer.
async function wayOut() {
  const unsent = (await outbox.all()).filter((row) => row.state !== "stored").length;
  const sure = el("section", {class: "stack", hidden: true, "aria-label": words.log_out},
    el("p", {class: "warning"}, words.log_out_text),
    unsent ? el("p", {class: "warning"}, counted("unsent", unsent)) : null,
    button(words.really_log_out, logOut, "main"),
    button(words.stay, () => { sure.hidden = true; }, "quiet"));
  const ask = button(words.log_out, () => { sure.hidden = false; sure.querySelector("button").focus(); }, "quiet");
  return [ask, sure];
}

// Under the lock of the sync: nothing writes while all is deleted.
const logOut = () => navigator.locks.request("interlude-sync", async () => {
  const worker = await navigator.serviceWorker?.getRegistration();
  await (await worker?.pushManager?.getSubscription())?.unsubscribe();
  await authorized("POST", "v1/auth/logout"); // ends the reminders to this device too
  await wipe();
  for (const name of await caches.keys()) if (name.startsWith("interlude-")) await caches.delete(name);
  await worker?.unregister();
  location.replace(location.pathname);
});
