// The calls of the API. A reply that is not the API's (a hotel's log-in page, half an answer) counts
// as none: nothing is taken out of the outbox for it.
import {zone} from "./outgoing.js";
import {changePatient, kept} from "./store.js";

const ROOT = new URL("../", import.meta.url); // the service may live below a path of its own
const PATIENCE_MS = 30_000;

// {status, data, headers}, or null: perhaps it arrived, perhaps not. No Interlude-App-Version: the
// server serves this app itself, so that it is never too old for it.
export async function call(method, path, {body, token, headers = {}} = {}) {
  try {
    const reply = await fetch(new URL(path, ROOT), {
      method,
      body: body === undefined ? undefined : JSON.stringify(body),
      headers: {
        "X-Request-Id": crypto.randomUUID(),
        ...(body === undefined ? {} : {"Content-Type": "application/json"}),
        ...(token ? {Authorization: `Bearer ${token}`} : {}),
        ...headers,
      },
      cache: "no-store",
      credentials: "omit",
      signal: AbortSignal.timeout(PATIENCE_MS),
    });
    const {status} = reply;
    const data = status === 204 || status === 304 ? {} : await reply.json();
    const ours = reply.ok || status === 304 || typeof data.code === "string";
    return ours || status >= 500 ? {status, data, headers: reply.headers} : null;
  } catch {
    return null;
  }
}

// With the token that is there, and once more with a fresh one when that is refused. An answer about a
// patient who has gone meanwhile counts as none.
export async function authorized(method, path, options = {}) {
  const whose = await kept.get("patient_id");
  const is_theirs = async () => whose === await kept.get("patient_id");
  const {access_token: token} = (await kept.get("tokens")) ?? {};
  if (!token) return {status: 401, data: {code: "unauthenticated"}, headers: new Headers()};
  let reply = await call(method, path, {...options, token});
  if (reply?.status === 401) {
    const fresh = await refresh(token);
    if (fresh && await is_theirs()) reply = await call(method, path, {...options, token: fresh});
  }
  return await is_theirs() ? reply : null;
}

// One at a time, over all tabs: two at once look like a stolen token. The new pair is on disk before
// it is used. Returns the access token; null: not now, or never again.
export const refresh = (refused) => navigator.locks.request("interlude-tokens", async () => {
  const tokens = await kept.get("tokens");
  if (!tokens) return null;
  if (tokens.access_token !== refused) return tokens.access_token;
  const reply = await call("POST", "v1/auth/refresh", {token: tokens.refresh_token});
  if (reply?.status === 200) {
    await kept.put({tokens: pair(reply.data), needs_invitation: false});
    return reply.data.access_token;
  }
  if (reply?.status === 401) await kept.put({needs_invitation: true});
  return null;
});

// The code and the device's name are on disk first: when the answer is lost, the same two ask again.
export async function accept(code) {
  const device_id = (await kept.get("device_id")) ?? crypto.randomUUID();
  await kept.put({code, device_id});
  const timezone = zone();
  const reply = await call("POST", "v1/invitations/accept", {body: {code, device_id, timezone}});
  if (reply?.status !== 201) return reply;
  const patient_id = reply.data.user.patient_id;
  if (!patient_id) return {status: 403, data: {code: "forbidden"}}; // staff have the clinic's pages
  const before = await kept.get("patient_id");
  const values = {tokens: pair(reply.data), patient_id, device_id, zone: timezone, needs_invitation: false};
  if (before && before !== patient_id) return {...reply, another: await takeOver(values)};
  await kept.put(values);
  await kept.remove("code");
  return reply;
}

// From one patient to another: between two syncs and no refresh, and without the reminders of the one before.
const takeOver = (values) => navigator.locks.request("interlude-sync", async () => {
  const worker = await navigator.serviceWorker?.getRegistration();
  await (await worker?.pushManager?.getSubscription())?.unsubscribe();
  await navigator.locks.request("interlude-tokens", () => changePatient(values));
  return true;
});

const pair = ({access_token, refresh_token}) => ({access_token, refresh_token});
