// Lists of tickets ask now and then whether something changed, and say so; nothing moves until somebody asks for it.
// What was ticked and where one was stays.
"use strict";
(() => {
  const news = document.querySelector("[data-live-news]");
  const regions = (within) => [...within.querySelectorAll("[data-live]")];
  if (!news) return;
  const EVERY = Number(document.documentElement.dataset.liveEvery) || 30000;
  const told = news.querySelector("span");
  const marks = () => [...document.querySelectorAll("[data-row]")].map((row) => row.dataset.row);
  const number = (mark) => mark.split("@")[0];
  let shown = marks();

  async function ask() {
    if (document.hidden) return;
    const address = new URL(location.href);
    address.searchParams.set("live", "1");
    try {
      const response = await fetch(address, { headers: { Accept: "application/json" } });
      if (!response.ok || !response.headers.get("content-type")?.startsWith("application/json")) return;
      const { rows } = await response.json();
      const known = new Set(shown);
      const changed = rows.filter((mark) => !known.has(mark)).length;
      const left = new Set(rows.map(number));
      const gone = shown.some((mark) => !left.has(number(mark)));
      const text = changed > 1 ? told.dataset.more.replace("0", changed) : changed ? told.dataset.one : gone ? told.dataset.gone : "";
      if (text !== told.textContent) told.textContent = text;
      news.hidden = !text;
    } catch { /* away: the next time will tell */ }
  }

  // ``quietly``: after something was done beside the list; then it neither takes the focus nor loads the page anew.
  async function show({ quietly = false } = {}) {
    const response = await fetch(location.href, { headers: { Accept: "text/html" } });
    const fresh = response.ok ? regions(new DOMParser().parseFromString(await response.text(), "text/html")) : [];
    const old = regions(document);
    if (quietly) {
      if (!response.ok) return;
    } else if (!shown.length || !fresh.some((region) => region.querySelector("[data-row]")) || fresh.length !== old.length) {
      location.reload();
      return;
    }
    const ticked = new Set([...document.querySelectorAll(".pick input[name]:checked")].map((box) => number(box.value)));
    const within = document.activeElement?.closest("[data-row]");
    const at = within && number(within.dataset.row);
    old.forEach((region, index) => region.replaceChildren(...(fresh[index]?.childNodes ?? [])));
    const boxes = [...document.querySelectorAll(".pick input[name]")];
    for (const box of boxes) box.checked = ticked.has(number(box.value));
    boxes[0]?.dispatchEvent(new Event("change", { bubbles: true }));
    shown = marks();
    news.hidden = true;
    told.textContent = "";
    document.dispatchEvent(new Event("keuring:shown"));
    if (quietly) return;
    const rows = [...document.querySelectorAll("[data-row]")];
    (rows.find((each) => number(each.dataset.row) === at) ?? rows[0])?.querySelector(".what a")?.focus({ preventScroll: true });
  }

  news.querySelector("button").addEventListener("click", () => show());
  setInterval(ask, EVERY);
  document.addEventListener("visibilitychange", ask);
  document.addEventListener("keuring:ask", ask);
  document.addEventListener("keuring:done", () => show({ quietly: true }).catch(() => { /* the next time will tell */ }));
})();
