// "Page me in this browser": asks the browser for a subscription and sends it as a form.
"use strict";
const form = document.getElementById("push");
const say = (words) => { document.getElementById("push-words").textContent = words; };

async function subscribed() {
  const allowed = await Notification.requestPermission();
  if (allowed !== "granted") throw new Error("not allowed");
  const worker = await navigator.serviceWorker.register(form.dataset.worker, {scope: form.dataset.scope});
  await navigator.serviceWorker.ready.catch(() => worker);
  return worker.pushManager.subscribe({userVisibleOnly: true, applicationServerKey: form.dataset.key});
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  try {
    form.elements.subscription.value = JSON.stringify(await subscribed());
    form.submit();
  } catch {
    say("This browser cannot be paged: it did not allow it, or its push service does not answer.");
  }
});

if ("serviceWorker" in navigator && "PushManager" in window) form.hidden = false;
