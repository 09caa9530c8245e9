// Shows a page that was pushed, and opens the alert when it is touched. It knows no patient.
"use strict";

function shown(event) {
  try { return event.data.json(); } catch { return {}; }
}

// Only ever a page of this service: whatever else was sent opens the list.
function target(url) {
  const scope = new URL(self.registration.scope);
  const wanted = new URL(url || scope, scope);
  return wanted.origin === scope.origin && wanted.pathname.startsWith(scope.pathname) ? wanted.href : scope.href;
}

self.addEventListener("push", (event) => {
  const {title, tag, url} = shown(event);
  const how = {tag: tag || "interlude", renotify: true, requireInteraction: true, data: {url: target(url)}};
  event.waitUntil(self.registration.showNotification(title || "[Interlude] Open and acknowledge", how));
});

self.addEventListener("notificationclick", (event) => {
  event.notification.close();
  event.waitUntil(self.clients.openWindow(event.notification.data.url));
});
