// The crisis card: on the screen before anything is sent, from the phone's own copy. It closes by the
// patient's own tap alone, and opens again from every screen. Never a tick, never "safe".
import {button, clock, el, paragraphs} from "./dom.js";
import {put, stamp} from "./outgoing.js";
import {copy, kept, outbox} from "./store.js";
import {news, sync} from "./sync.js";
import {below, beside, words} from "./words.js";

const IN_VAIN_MS = 120_000, LOOK_MS = 15_000;
const dialog = document.getElementById("card");
// What the card is about: an entry that is risky (`row`), or nothing but the wish for help.
let row = null, card = null, from_server = false, sent_at = null, seen_at = null;

// What every phone has, before the clinic's own card was read.
const shipped = () => ({
  level: "crisis",
  message: below(["shipped_message"]).join("\n\n"),
  resources: [
    {name: beside("shipped_europe"), phone: "112"},
    {name: beside("shipped_america"), phone: "911"},
    {name: beside("shipped_helplines"), url: "https://findahelpline.com"},
  ],
});

const ownCard = async () => (await kept.get("bootstrap"))?.crisis_card.card ?? shipped();

export async function showCard(about = null) {
  row = about;
  [card, from_server, sent_at, seen_at] = [shipped(), false, null, null];
  draw(); // whatever the disk does
  card = await ownCard();
  draw();
}

async function askForHelp() {
  const asked = await put({type: "help_request", recorded_at: stamp()}, {risky: "help"});
  await showCard(asked);
  sync({now: true});
}

function draw() {
  const focused = dialog.open && dialog.contains(document.activeElement) ? document.activeElement.id : "";
  dialog.replaceChildren(
    el("h2", {id: "card-title"}, beside("help_now")),
    el("div", {}, paragraphs(card.message)),
    el("div", {class: "stack"}, card.resources.map(resource).flat()),
    el("div", {id: "card-state", role: "status"}, stateWords()),
    // The phone's own copy says that nothing arrived: what we know of that stands above.
    el("div", {}, from_server ? paragraphs(card.monitoring) : []),
    el("div", {class: "stack"},
      row ? null : Object.assign(button(beside("ask_clinic"), askForHelp, "main"), {id: "card-ask"}),
      card.next_instrument
        ? el("a", {class: "button", href: `#form=${card.next_instrument}`, onclick: () => dialog.close()}, beside("more_questions"))
        : null,
      Object.assign(button(beside("close"), () => dialog.close(), "quiet"), {id: "card-close"})),
  );
  if (!dialog.open) dialog.showModal();
  (document.getElementById(focused) ?? dialog.querySelector("a, button"))?.focus();
}

function resource({name, phone, text, url}, place) {
  const link = (kind, href, shown, more = {}) =>
    el("a", {class: "button main", id: `card-${kind}-${place}`, href, ...more}, el("span", {}, name), shown && !name.includes(shown) ? el("strong", {}, shown) : null);
  return [
    phone ? link("call", `tel:${phone.replace(/[^+\d*#]/g, "")}`, phone) : null,
    text ? link("text", `sms:${text.replace(/[^+\d]/g, "")}`, `SMS ${text}`) : null,
    url ? link("url", /^https:/.test(url) ? url : "#today", null, {target: "_blank", rel: "noopener noreferrer"}) : null,
    phone || text || url ? null : el("p", {}, name),
  ];
}

function stateWords() {
  const sentences = sent_at ? [["sent_at", {time: clock(sent_at)}], ...(seen_at ? [["seen_at", {time: clock(seen_at)}]] : [])]
    : unsentWords();
  return below(...sentences).map((text) => el("p", {}, text));
}

function unsentWords() {
  if (!row) return [["not_told"]];
  if (row.state === "refused") return [["refused"]];
  const state = row.state === "waiting" ? "not_sent" : row.tries ? "unknown" : "sending";
  return Date.now() - row.put_at > IN_VAIN_MS && row.tries ? [[state], ["call_clinic"]] : [[state]];
}

// The newest word about the entry that the card is about.
news.addEventListener("outbox", async () => {
  if (!row || !dialog.open || sent_at) return;
  const found = await outbox.find(row.id);
  if (!found || sent_at) return;
  row = found;
  document.getElementById("card-state").replaceChildren(...stateWords());
});

news.addEventListener("stored", ({detail}) => {
  if (detail.row.id !== row?.id) return;
  sent_at = detail.record.received_at;
  if (dialog.open) document.getElementById("card-state").replaceChildren(...stateWords());
});

// The server's card takes the place of our own, once for each entry. While another card is open it waits.
const shown = new Set(), pending = [];
news.addEventListener("safety", ({detail}) => {
  if (shown.has(detail.row.id)) return;
  const root = (one) => one?.item.of ?? one?.id;
  if (dialog.open && root(row) !== root(detail.row)) return pending.push(detail);
  shown.add(detail.row.id);
  [row, sent_at, seen_at, card, from_server] = [detail.row, detail.received_at ?? null, null, detail.safety, true];
  draw();
});
// That a person took it is shown once it has happened, and until then nothing is said of it.
const ids = ({record}) => [record.id, ...(record.versions ?? []).map((one) => one.id)];
news.addEventListener("fetched", async () => {
  const found = row && sent_at && (await copy.all()).find((one) => ids(one).includes(row.id));
  if (!found?.record.seen_at || seen_at) return;
  seen_at = found.record.seen_at;
  if (dialog.open) document.getElementById("card-state").replaceChildren(...stateWords());
});
setInterval(() => { if (dialog.open && sent_at && !seen_at && !document.hidden) sync(); }, LOOK_MS);

dialog.addEventListener("close", () => {
  const next = pending.shift();
  if (next) news.dispatchEvent(new CustomEvent("safety", {detail: next}));
});

document.getElementById("help").addEventListener("click", () => showCard());
