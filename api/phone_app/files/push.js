// Reminders by web push, for this browser. A subscription is said again at each start: browsers change it.
import {authorized} from "./api.js";
import {kept} from "./store.js";

export const canPush = () => "serviceWorker" in navigator && "PushManager" in window;

export async function startReminders() {
  if (await Notification.requestPermission() !== "granted") return false;
  const key = await authorized("GET", "v1/me/push-key");
  if (key?.status !== 200) return false;
  const worker = await navigator.serviceWorker.ready;
  const how = {userVisibleOnly: true, applicationServerKey: key.data.public_key};
  try {
    await worker.pushManager.subscribe(how);
  } catch {
    return false;
  }
  return register();
}

export async function register() {
  const subscription = await (await navigator.serviceWorker.ready).pushManager.getSubscription();
  if (!subscription) return false;
  const path = `v1/me/devices/${await kept.get("device_id")}`;
  const reply = await authorized("PUT", path, {body: {kind: "webpush", subscription: subscription.toJSON()}});
  const reminded = reply?.status === 204;
  await kept.put({reminded});
  return reminded;
}

export async function stopReminders() {
  const subscription = await (await navigator.serviceWorker.ready).pushManager.getSubscription();
  await subscription?.unsubscribe();
  await kept.put({reminded: false});
  await authorized("DELETE", `v1/me/devices/${await kept.get("device_id")}`);
}
