// A backtest's page: how far it is, live; and from a fault to its line. Without this file the page is loaded again.
"use strict";
(() => {
  const SECONDS = 1;
  const place = document.querySelector("[data-poll]");
  async function look() {
    try {
      const response = await fetch(place.dataset.poll, { headers: { Accept: "text/html" } });
      if (!response.ok || response.redirected) throw new Error(response.status);
      const fresh = new DOMParser().parseFromString(await response.text(), "text/html").querySelector(".progress");
      if (!fresh || "ended" in fresh.dataset) {
        location.reload();
        return;
      }
      place.replaceChildren(fresh);
    } catch {
      // The collector may be away for a moment: the next look will tell.
    }
    setTimeout(look, SECONDS * 1000);
  }
  if (place) setTimeout(look, SECONDS * 1000);

  const text = document.getElementById("text");
  for (const link of document.querySelectorAll("a[data-line]")) {
    link.addEventListener("click", (event) => {
      if (!text) return;
      event.preventDefault();
      const lines = text.value.split("\n");
      const at = Math.min(Number(link.dataset.line), lines.length) - 1;
      const start = lines.slice(0, at).reduce((sum, line) => sum + line.length + 1, 0);
      text.focus();
      text.setSelectionRange(start, start + lines[at].length);
      text.scrollTop = Math.max(0, (at - 3) * parseFloat(getComputedStyle(text).lineHeight));
    });
  }
})();
