// Areas of signals that are folded: their charts are fetched from their own page when one is opened. Without this file, or
// when fetching fails, the link to that page stands there.
"use strict";
(() => {
  async function draw(fold) {
    const address = fold.dataset.charts;
    fold.removeAttribute("data-charts");
    fold.setAttribute("aria-busy", "true");
    try {
      const response = await fetch(address, { headers: { Accept: "text/html" } });
      if (!response.ok || response.redirected) throw new Error(response.status);
      const fresh = new DOMParser().parseFromString(await response.text(), "text/html").querySelector("[data-drawn]");
      if (!fresh) throw new Error(address);
      fold.replaceChildren(fold.querySelector("summary"), ...fresh.childNodes);
    } catch {
      fold.dataset.charts = address; // opened again, it is tried again
    } finally {
      fold.removeAttribute("aria-busy");
    }
  }
  for (const fold of document.querySelectorAll("details[data-charts]")) {
    fold.addEventListener("toggle", () => {
      if (fold.open && fold.dataset.charts) draw(fold);
    });
    if (fold.open) draw(fold); // as the browser found it when one came back
  }
})();
