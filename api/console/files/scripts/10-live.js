// Live parts: <div data-live="/console/…" data-every="5" data-tag="…"> is asked for again and again
// and replaced when it has changed. Its first child may carry data-alarms="id id": a new id sounds.
const title = document.title;
const words = document.createElement("p");
words.className = "problem stale";
words.setAttribute("role", "status");
words.hidden = true;
let alarmed = false;

const report = (text) => {
  if (!words.isConnected) (document.getElementById("main") || document.body).append(words);
  words.hidden = !text;
  if (words.textContent !== text) words.textContent = text;
};
const clock = (at) => at.toTimeString().slice(0, 5);
const alarms = (part) => (part.firstElementChild?.dataset.alarms || "").split(" ").filter(Boolean);
// What somebody is writing is not taken from under their hands.
const isBusy = (part) => part.contains(document.activeElement)
  && document.activeElement.matches("input, select, textarea");

const beep = () => {
  const audio = new AudioContext(), now = audio.currentTime;
  for (const [start, pitch] of [[0, 880], [.25, 660], [.5, 880]]) {
    const tone = audio.createOscillator(), volume = audio.createGain();
    tone.frequency.value = pitch;
    volume.gain.setValueAtTime(.25, now + start);
    volume.gain.exponentialRampToValueAtTime(.001, now + start + .22);
    tone.connect(volume).connect(audio.destination);
    tone.start(now + start);
    tone.stop(now + start + .24);
  }
};
const alarm = () => {
  alarmed = true;
  document.title = `(!) New: ${title}`;
  if (document.documentElement.dataset.sound === "on") beep();
};
const seen = () => {
  if (alarmed && !document.hidden) { alarmed = false; document.title = title; }
};
document.addEventListener("pointerdown", seen);
document.addEventListener("keydown", seen);

const watch = (part) => {
  let tag = part.dataset.tag || "", known = new Set(alarms(part)), asOf = new Date();
  const show = async (answer) => {
    if (isBusy(part)) return;
    const focused = document.activeElement?.id, open = [...part.querySelectorAll("details[open][id]")];
    part.innerHTML = await answer.text();
    tag = answer.headers.get("ETag") || "";
    for (const each of open) document.getElementById(each.id)?.setAttribute("open", "");
    if (focused) document.getElementById(focused)?.focus({preventScroll: true});
    const now = alarms(part);
    if (now.some((id) => !known.has(id))) alarm();
    known = new Set([...known, ...now]);
    part.dispatchEvent(new CustomEvent("refreshed", {bubbles: true}));
  };
  const ask = async () => {
    let goesOn = true;
    try {
      const answer = await fetch(part.dataset.live, {headers: tag ? {"If-None-Match": tag} : {}, redirect: "error"});
      if (answer.status === 401 || answer.status === 403) {
        goesOn = false;
        report("Your log-in has ended: this page is no longer up to date. Load it again to log in.");
      } else if (answer.status === 304 || answer.ok) {
        asOf = new Date();
        report("");
        if (answer.ok) await show(answer);
      } else throw new Error(String(answer.status));
    } catch {
      report(`Not up to date: nothing has come from the service since ${clock(asOf)}.`);
    }
    if (goesOn) setTimeout(ask, 1000 * Number(part.dataset.every || 5));
  };
  setTimeout(ask, 1000 * Number(part.dataset.every || 5));
};
for (const part of document.querySelectorAll("[data-live]")) watch(part);

// <button data-sound hidden>: whether a new alarm sounds here; kept in this browser.
for (const button of document.querySelectorAll("[data-sound]")) {
  const set = (state) => {
    document.documentElement.dataset.sound = state;
    button.setAttribute("aria-pressed", String(state === "on"));
    button.textContent = state === "on" ? "Sound is on" : "Sound is off";
  };
  let kept = "off";
  try { kept = localStorage.getItem("interlude.sound") || "off"; } catch { /* not allowed here */ }
  set(kept);
  button.hidden = false;
  button.addEventListener("click", () => {
    const state = document.documentElement.dataset.sound === "on" ? "off" : "on";
    set(state);
    try { localStorage.setItem("interlude.sound", state); } catch { /* not allowed here */ }
    if (state === "on") beep();
  });
}
