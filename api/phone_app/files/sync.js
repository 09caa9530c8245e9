// The sync of docs/mobile.md: send what waits, then fetch what has changed. One at a time, over all tabs:
// the browser frees the lock of a tab that was killed.
import {authorized, call, refresh} from "./api.js";
import {stamp, zone} from "./outgoing.js";
import {copy, isUnsent, kept, outbox} from "./store.js";

const MOST = 100, LONGEST_S = 300, LONGEST_RISKY_S = 60;
const OWN_CALL = {
  check_in: () => "v1/check-ins",
  check_in_amendment: (item) => `v1/check-ins/${item.of}/amend`,
  side_effects: () => "v1/side-effects",
  side_effects_amendment: (item) => `v1/side-effects/${item.of}/amend`,
  help_request: () => "v1/help-requests",
};
// What the screens listen to: "outbox", "safety" {row, safety, received_at}, "stored" {row, record}, "fetched".
// The tab that sends is perhaps not the one on the screen: every tab of the app hears of it.
export const news = new EventTarget();
const tabs = new BroadcastChannel("interlude-news");
tabs.onmessage = ({data: [what, detail]}) => news.dispatchEvent(new CustomEvent(what, {detail}));
function report(what, detail = {}) {
  news.dispatchEvent(new CustomEvent(what, {detail}));
  tabs.postMessage([what, detail]);
}

let queued = null, eager = false, timer = 0;

// `now`: a person did something, or the network is back: nothing waits for its turn.
export function sync({now = false} = {}) {
  eager ||= now;
  queued ??= navigator.locks.request("interlude-sync", async () => {
    const at_once = eager;
    queued = eager = null;
    if (!(await kept.get("tokens"))) return;
    try {
      if (await send(at_once)) await fetchChanges();
    } finally {
      await wakeWhenDue();
    }
  });
  return queued;
}

// True when the server answered, or there was nothing to send.
async function send(now) {
  let most = MOST;
  for (let asked_again = false; ;) {
    const batch = due(await mine(), now).slice(0, most);
    if (!batch.length) return true;
    now = false; // what fails waits
    const {access_token: token} = await kept.get("tokens");
    const offline = !navigator.onLine;
    await outbox.change(batch, () => ({state: "sent"})); // from here on we do not know what the server has
    report("outbox");
    const reply = await deliver(batch, token);
    if (!reply || reply.status === 408 || reply.status === 429 || reply.status >= 500) {
      showSafety(batch, reply);
      return await later(batch, {reply, untouched: !reply && offline && !navigator.onLine});
    }
    if (reply.status === 401) {
      showSafety(batch, reply);
      if (!asked_again && (asked_again = Boolean(await refresh(token)))) {
        await outbox.change(batch, () => ({not_before: 0}));
        now = true;
        continue;
      }
      return await later(batch, {reply});
    }
    if (!reply.results && batch.length > 1) { // the whole was refused: halves, until it is one
      most = Math.ceil(batch.length / 2);
      now = true;
      continue;
    }
    const results = reply.results ?? [{status: reply.status, problem: reply.data}];
    for (const [place, row] of batch.entries()) await settle(row, results[place]);
    most = MOST;
  }
}

const mine = async () => (await outbox.own()).filter(isUnsent);

// Risky ones first, and before them what they amend. A time further away than the longest wait was written
// by a clock that was wrong.
function due(rows, now) {
  const urgent = new Set();
  for (const row of rows.toReversed()) if (row.risky || urgent.has(row.id)) urgent.add(row.id).add(row.item.of);
  const at = Date.now();
  const ready = rows.filter((row) => now || row.not_before <= at || row.not_before > at + LONGEST_S * 1000);
  return ready.sort((a, b) => urgent.has(b.id) - urgent.has(a.id) || a.seq - b.seq);
}

// One entry goes by its own call, several by one. `results`: one for each entry, in their order.
async function deliver(batch, token) {
  const options = {token, headers: {"Interlude-Sent-At": stamp()}};
  if (batch.length > 1) {
    const items = batch.map((row) => row.item);
    const reply = await call("POST", "v1/sync", {...options, body: {items}});
    if (reply?.status !== 200) return reply;
    return reply.data.results?.length === batch.length ? {...reply, results: reply.data.results} : null;
  }
  const [{item}] = batch, {type, of, ...body} = item;
  const reply = await call("POST", OWN_CALL[type](item), {...options, body});
  if (reply?.status !== 200 && reply?.status !== 201) return reply;
  return reply.data.received_at ? {...reply, results: [{status: reply.status, record: reply.data}]} : null;
}

// The card first: a phone that is killed in between has the entry still, and asks again. The record of an
// answer that comes late is of then; what stands now is for /v1/changes to bring.
async function settle(row, {status, record, problem}) {
  const safety = (record ?? problem)?.safety;
  if (safety) report("safety", {row, safety, received_at: record?.received_at});
  if (status === 200 || status === 201) {
    await outbox.change([row], () => ({state: "stored"}));
    report("stored", {row, record});
  } else if (status >= 500 || (problem.code === "not_found" && await isOnItsWay(row.item.of))) {
    await later([row], {});
  } else {
    await outbox.change([row], () => ({state: "refused", problem}));
  }
  report("outbox");
}

const isOnItsWay = async (id = "") => isUnsent((await outbox.find(id)) ?? {});

function showSafety(batch, reply) {
  const safety = reply?.data.safety;
  const row = batch.find((one) => one.risky);
  if (safety && row) report("safety", {row, safety});
}

// 1, 2, 4 … 300 s with a random part, or as long as the server says; a risky one at least once a minute.
// `untouched`: there was no network at all, so that nothing has left the phone.
async function later(batch, {reply, untouched = false}) {
  const wanted = Number(reply?.headers?.get("Retry-After")) || 0;
  await outbox.change(batch, (row) => {
    const longest = row.risky ? LONGEST_RISKY_S : LONGEST_S;
    const seconds = Math.min(longest, Math.max(wanted, 2 ** Math.min(row.tries, 9) * (0.5 + Math.random() / 2)));
    return {
      state: untouched ? row.state : "sent",
      tries: row.tries + 1,
      not_before: Date.now() + seconds * 1000,
    };
  });
  report("outbox");
  return false;
}

async function wakeWhenDue() {
  clearTimeout(timer);
  const times = (await mine()).map((row) => row.not_before - Date.now());
  if (times.length) timer = setTimeout(sync, Math.min(LONGEST_S * 1000, Math.max(1000, Math.min(...times))));
}

async function fetchChanges() {
  await reportZone();
  await fetchBootstrap();
  for (;;) {
    const cursor = await kept.get("cursor");
    const reply = await authorized("GET", `v1/changes${cursor ? `?cursor=${encodeURIComponent(cursor)}` : ""}`);
    if (reply?.status === 422 && cursor) {
      await copy.forget(); // the outbox is not touched
      continue;
    }
    if (reply?.status !== 200) return;
    const is_last = !reply.data.items.length;
    await copy.apply(reply.data, is_last ? (await outbox.own()).filter((row) => row.state === "stored") : []);
    if (is_last) break;
  }
  report("fetched");
}

// A patient who travels is asked and reminded by the clock where they are.
async function reportZone() {
  const timezone = zone();
  if (timezone === await kept.get("zone")) return;
  const reply = await authorized("PATCH", "v1/me", {body: {timezone}});
  if (reply?.status === 200) await kept.put({zone: timezone});
}

async function fetchBootstrap() {
  const old = await kept.get("bootstrap");
  const have = Object.values(old?.instruments ?? {}).map((one) => `${one.code}:${one.hash}`).join(",");
  const reply = await authorized("GET", `v1/bootstrap?have=${have}`, {
    headers: old ? {"If-None-Match": old.etag} : {},
  });
  if (reply?.status !== 200) return;
  const instruments = Object.fromEntries(reply.data.instruments.map((one) => [
    one.code, one.content ? one : {...one, content: old.instruments[one.code].content},
  ]));
  await kept.put({bootstrap: {...reply.data, instruments, etag: reply.headers.get("ETag")}});
  const codes = await authorized("GET", "v1/side-effects/codes");
  if (codes?.status === 200) await kept.put({codes: codes.data});
  report("fetched");
}
