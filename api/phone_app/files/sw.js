// Keeps the app's own files, so that it opens in flight mode, and shows reminders. Nothing of a
// patient is in here: bootstrap, card, outbox and copy are the page's, in IndexedDB (store.js).
// The server writes two lines above this file: VERSION and FILES.
"use strict";
const CACHE = `interlude-${VERSION}`;

self.addEventListener("install", (event) => {
  event.waitUntil(caches.open(CACHE).then((cache) =>
    cache.addAll(FILES.map((name) => new Request(name, {cache: "reload"})))));
});

self.addEventListener("activate", (event) => {
  event.waitUntil((async () => {
    for (const name of await caches.keys()) {
      if (name.startsWith("interlude-") && name !== CACHE) await caches.delete(name);
    }
    await self.clients.claim();
  })());
});

self.addEventListener("fetch", (event) => {
  const scope = new URL(self.registration.scope), url = new URL(event.request.url);
  const ours = url.origin === scope.origin && url.pathname.startsWith(scope.pathname);
  if (!ours || event.request.method !== "GET") return; // calls of the API go to the network
  const wanted = event.request.mode === "navigate" ? scope.href : event.request;
  event.respondWith(caches.match(wanted, {cacheName: CACHE}).then((kept) => kept ?? fetch(event.request)));
});

// A reminder names nothing of what is asked, and only ever opens this app.
self.addEventListener("push", (event) => {
  let sent = {};
  try { sent = event.data.json(); } catch { /* shown all the same: browsers want something shown */ }
  event.waitUntil(self.registration.showNotification(sent.title || "Interlude", {
    body: sent.body || "", tag: sent.tag || "reminder", icon: "icon-192.png",
  }));
});

self.addEventListener("notificationclick", (event) => {
  event.notification.close();
  event.waitUntil((async () => {
    const [open] = await self.clients.matchAll({type: "window"});
    return open ? open.focus() : self.clients.openWindow(self.registration.scope);
  })());
});
