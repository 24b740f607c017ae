// The console reads and works without this file. With it: keys, values under the pointer, copying, and filters that
// apply themselves.
"use strict";
(() => {
  const root = document.documentElement;
  root.classList.add("script");
  // Whoever is signed out leaves no page of a round behind; what waits to be sent stays.
  if (document.querySelector("[data-signed-out]")) globalThis.caches?.delete("keuring-round").catch(() => {});
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];
  const one = (selector, within = document) => within.querySelector(selector);
  const typing = (target) => target.closest("input:not([type=checkbox]), textarea, select, [contenteditable]");

  // Rows of the queue: j and k move, Enter opens (it is a link), x selects.
  // The row one is at: the one in focus, else the one whose ticket stands beside the list.
  const here = () => document.activeElement?.closest("tr.ticket") ?? one("tr.ticket:has([aria-current])");
  function move(step) {
    const list = all("tr.ticket");
    const at = list.indexOf(here());
    const next = at < 0 ? one("tr.ticket[data-next]") ?? list[0] : list[Math.min(list.length - 1, Math.max(0, at + step))];
    if (next) {
      one(".what a", next).focus({ focusVisible: true });
      next.scrollIntoView({ block: "nearest" });
      next.dispatchEvent(new Event("keuring:row", { bubbles: true }));
    }
  }
  function select() {
    const row = here();
    if (row) one(".pick input", row)?.click();
  }
  const tally = one("[data-tally]");
  document.addEventListener("change", (event) => {
    if (event.target.matches(".pick input") && tally) {
      const count = all(".pick input[name]:checked").length;
      tally.textContent = tally.dataset.tally.replace("0", count);
    }
    if (event.target.matches("[data-all]")) {
      for (const box of all(".pick input[name]", event.target.form)) if (box.checked !== event.target.checked) box.click();
    }
    if (event.target.matches("[data-apply] select")) event.target.form.requestSubmit();
  });
  // What is done to several needs this or that: the browser asks before it is sent, so no tick and no word is lost.
  document.addEventListener("click", ({ target }) => {
    const button = target.closest(".bulk button");
    if (!button) return;
    const needs = (button.dataset.needs ?? "").split(" ");
    for (const field of all("input, select", button.closest(".bulk"))) field.required = needs.includes(field.name);
  });

  // Actions of a ticket: a letter opens a panel; in an open panel that closes the ticket, 1 to 4 give the verdict.
  function panel(key) {
    const summary = one(`[data-key="${key}"]`);
    if (!summary) return false;
    if (summary.tagName === "SUMMARY") {
      summary.parentElement.open = true;
      (one("textarea, select, input:not([type=hidden])", summary.parentElement) ?? summary).focus();
    } else summary.click();
    return true;
  }
  const isBusy = () => one('.pane[aria-busy="true"]');
  function verdict(key) {
    const button = one(`details[open] [data-verdict="${key}"]`) ?? null;
    if (button) button.form.requestSubmit(button);
    else if (panel("r") || panel("v")) {
      document.activeElement.blur();
    }
  }
  const close = () => {
    const open = one(".acts > details[open], .bar details[open]");
    if (!open) return false;
    open.open = false;
    one("summary", open).focus();
    return true;
  };
  // What follows listens to the whole page, as a ticket may come into it later (beside.js).
  document.addEventListener("toggle", ({ target }) => {
    if (!target.open || !target.matches(".acts > details")) return;
    all(".acts > details[open]").forEach((other) => { if (other !== target) other.open = false; });
  }, true);

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "Escape") {
      if (close()) event.preventDefault();
      else document.activeElement?.blur();
      return;
    }
    if (typing(event.target)) return;
    const chart = event.target.closest?.("svg.chart");
    if (chart && ["ArrowLeft", "ArrowRight", "Home", "End"].includes(event.key)) {
      event.preventDefault();
      step(chart, event.key);
      return;
    }
    if (event.key === "/") {
      event.preventDefault();
      one(".search input")?.select();
    } else if (event.key === "j") move(1);
    else if (event.key === "k") move(-1);
    else if (event.key === "x") select();
    else if (isBusy()) return; // the ticket beside the list is not yet the one that was chosen
    else if ("1234".includes(event.key) && one(".acts")) {
      event.preventDefault();
      verdict(event.key);
    } else if (/^[tapsrdnvz]$/.test(event.key) && panel(event.key)) event.preventDefault();
  });

  // Charts: the nearest point under the pointer, or by arrow keys, in words.
  const read = new WeakMap();
  function points(chart) {
    if (!read.has(chart)) {
      const numbers = (text) => (text ? text.split(",").map(Number) : []);
      const { x, y, labels } = chart.dataset;
      read.set(chart, { x: numbers(x), y: numbers(y), labels: labels ? labels.split("|") : [], at: -1 });
    }
    return read.get(chart);
  }
  function show(chart, index) {
    const data = points(chart);
    if (!data.x.length) return;
    data.at = Math.max(0, Math.min(data.x.length - 1, index));
    const place = `${data.x[data.at] / 10}%`;
    const [line, dot] = [one(".cursor line", chart), one(".cursor circle", chart)];
    line.setAttribute("x1", place);
    line.setAttribute("x2", place);
    dot.setAttribute("cx", place);
    dot.setAttribute("cy", data.y[data.at]);
    chart.classList.add("read");
    const output = one(".reading", chart.closest("[data-figure]"));
    if (output) {
      output.dataset.rest ??= output.textContent;
      output.textContent = data.labels[data.at];
    }
  }
  function step(chart, key) {
    const data = points(chart);
    const last = data.x.length - 1;
    const from = data.at < 0 ? last : data.at;
    show(chart, { ArrowLeft: data.at < 0 ? last : from - 1, ArrowRight: from + 1, Home: 0, End: last }[key]);
  }
  function rest(chart) {
    chart.classList.remove("read");
    points(chart).at = -1;
    const output = one(".reading", chart.closest("[data-figure]"));
    if (output?.dataset.rest !== undefined) output.textContent = output.dataset.rest;
  }
  document.addEventListener("pointermove", (event) => {
    const chart = event.target.closest?.("svg.chart[data-x]");
    if (!chart) return;
    const box = one(".plot > .lines", chart).getBoundingClientRect();
    const at = ((event.clientX - box.left) / box.width) * 1000;
    const { x } = points(chart);
    let best = 0;
    x.forEach((value, index) => { if (Math.abs(value - at) < Math.abs(x[best] - at)) best = index; });
    show(chart, best);
  });
  for (const left of ["pointerleave", "blur"]) {
    document.addEventListener(left, ({ target }) => { if (target.matches?.("svg.chart[data-x]")) rest(target); }, true);
  }

  // What to say: copied as it stands.
  document.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-copy]");
    if (!button) return;
    const from = document.getElementById(button.dataset.copy);
    const text = (from.value ?? from.textContent).trim();
    const label = one("span", button);
    label.dataset.rest ??= label.textContent;
    try {
      await navigator.clipboard.writeText(text);
      label.textContent = button.dataset.done;
    } catch {
      label.textContent = button.dataset.failed;
    }
    setTimeout(() => { label.textContent = label.dataset.rest; }, 2000);
  });

  // The theme changes at once; the form behind it would do the same with a reload.
  for (const button of all("button[name=theme]")) {
    button.addEventListener("click", (event) => {
      event.preventDefault();
      root.dataset.theme = button.value;
      all("button[name=theme]").forEach((b) => b.setAttribute("aria-pressed", String(b.value === button.value)));
      const secure = location.protocol === "https:" ? "; Secure" : "";
      document.cookie = `theme=${button.value}; Path=/; Max-Age=31536000; SameSite=Lax${secure}`;
    });
  }
})();
