// Entries on their way out: made once, on disk before anything is shown, sent until the server has them.
import {kept, outbox} from "./store.js";

// The phone's clock as it is, with its offset: the server sees how far it is off and mends it.
export function stamp(at = new Date()) {
  const offset = -at.getTimezoneOffset();
  const digits = (number) => String(Math.abs(Math.trunc(number))).padStart(2, "0");
  const local = new Date(at.getTime() + offset * 60_000).toISOString().slice(0, -1);
  return `${local}${offset < 0 ? "-" : "+"}${digits(offset / 60)}:${digits(offset % 60)}`;
}

export const zone = () => Intl.DateTimeFormat().resolvedOptions().timeZone;

// The reason of a correction that says none, for staff, who read English.
export const CHANGED = "Corrected.";

// The name of something that is due, so that what answers it can say so.
export const dueKey = (item) => `${item.instrument} ${item.opens_at}`;

// `item`: of POST /v1/sync, without its id. `values` and `gone` are written in the same step.
export async function put(item, {risky = "", values = {}, gone = [], due = null} = {}) {
  const id = crypto.randomUUID();
  const row = {
    id,
    item: {id, ...item},
    owner: await kept.get("patient_id"),
    risky: Boolean(risky),
    due,
    state: "waiting",
    tries: 0,
    not_before: 0,
    put_at: Date.now(),
  };
  await outbox.put(row, typeof values === "function" ? values(id) : values, gone);
  return row;
}
