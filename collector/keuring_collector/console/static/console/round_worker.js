// The service worker of rounds. It keeps the page of a round and what that page needs, and gives them when there is no
// network. It answers nothing else, sends nothing, and lets a page go after twelve hours: as long as a session lasts.
"use strict";
const KEPT = "keuring-round";
const LONGEST = 12 * 3600 * 1000;
const PATIENCE = 6000;
const isRound = (url) => url.origin === location.origin && /\/visits\/rounds\/\d+\/$/.test(url.pathname);
const isAsset = (url) => url.origin === location.origin && url.pathname.startsWith("/static/");

self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));

async function keep(address, response) {
  const headers = new Headers(response.headers);
  headers.set("X-Kept-At", String(Date.now()));
  for (const name of ["Content-Encoding", "Content-Length"]) headers.delete(name); // of the body as it was sent
  const body = await response.blob();
  const kept = await caches.open(KEPT);
  await kept.put(address, new Response(body, { status: response.status, headers }));
}

async function page(request, url) {
  const found = await (await caches.open(KEPT)).match(url.pathname);
  const kept = found && Date.now() - Number(found.headers.get("X-Kept-At")) < LONGEST ? found : null;
  const fresh = fetch(request).then(async (response) => {
    if (response.ok && !response.redirected) await keep(url.pathname, response.clone());
    return response;
  });
  if (!kept) return fresh;
  // In a cellar a network that is almost there is worse than none: what is kept is shown after a while.
  return Promise.race([fresh.catch(() => kept), new Promise((resolve) => setTimeout(() => resolve(kept), PATIENCE))]);
}

async function asset(request) {
  const kept = await (await caches.open(KEPT)).match(request.url);
  return kept ?? fetch(request);
}

self.addEventListener("fetch", (event) => {
  const url = new URL(event.request.url);
  if (event.request.method !== "GET") return;
  if (event.request.mode === "navigate" && isRound(url)) event.respondWith(page(event.request, url));
  else if (isAsset(url)) event.respondWith(asset(event.request));
});

// The page that brought the worker was not read through it: it asks to be kept, with what it needs.
self.addEventListener("message", (event) => {
  const work = async () => {
    const kept = await caches.open(KEPT);
    for (const old of await kept.keys()) {
      const url = new URL(old.url);
      if (isAsset(url) ? !event.data.assets.includes(old.url) : url.pathname !== event.data.page) await kept.delete(old);
    }
    for (const address of event.data.assets) if (!(await kept.match(address))) await kept.add(address);
    const response = await fetch(event.data.page, { credentials: "same-origin" });
    if (response.ok && !response.redirected) await keep(event.data.page, response);
    event.source?.postMessage({ kept: Boolean(await kept.match(event.data.page)) });
  };
  event.waitUntil(work().catch(() => event.source?.postMessage({ kept: false })));
});
