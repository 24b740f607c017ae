// On a wide screen a ticket of the queue opens beside the list: the ticket's own page, without its frame. The address
// of the queue says which (ticket=7), so it can be shared; narrow screens go to the ticket's page.
"use strict";
(() => {
  const pane = document.getElementById("pane");
  const wide = matchMedia("(min-width: 1440px)"); // as beside.css has it
  const [body, told, link] = ["[data-body]", "[data-told]", "[data-page-link]"].map((part) => pane.querySelector(part));
  const title = document.title;
  const REST = 150; // ms that j and k must rest before the ticket of the row they reached is fetched
  let shown = null; // the number of the ticket
  let place = 0; // its row, counted from above; where to go on when it has left the list
  let asked = null; // what ends the request under way
  let waits = 0;
  let sends = false;

  const page = (number) => pane.dataset.page.replace("/0/", `/${number}/`);
  const named = () => /^\d{1,9}$/.exec(new URL(location.href).searchParams.get("ticket") ?? "")?.[0] ?? null;
  const numberOf = (row) => row.dataset.row.split("@")[0];
  const rows = () => [...document.querySelectorAll("tr.ticket")];
  function address(number) {
    const url = new URL(location.href);
    if (number) url.searchParams.set("ticket", number);
    else url.searchParams.delete("ticket");
    return url;
  }

  function mark() {
    const list = rows();
    const at = list.findIndex((row) => numberOf(row) === shown);
    if (at >= 0) place = at;
    list.forEach((row, index) => {
      const title = row.querySelector(".what a");
      if (index === at) title.setAttribute("aria-current", "true");
      else title.removeAttribute("aria-current");
      row.toggleAttribute("data-next", Boolean(shown) && at < 0 && index === Math.min(place, list.length - 1));
    });
  }

  // The style sheets of the ticket's page, which this one may not have.
  function dress(fresh) {
    const has = new Set([...document.styleSheets].map((sheet) => sheet.href));
    const missing = [...fresh.querySelectorAll("link[rel=stylesheet]")].filter((sheet) => !has.has(sheet.href));
    return Promise.all(missing.map((sheet) => new Promise((resolve) => {
      sheet.addEventListener("load", resolve);
      sheet.addEventListener("error", resolve);
      document.head.append(sheet);
    })));
  }

  function say(text) {
    const line = document.createElement("p");
    line.className = "message error";
    line.textContent = text;
    told.replaceChildren(line);
  }

  // Puts the ticket of an answer into the pane; false if there is none in it.
  async function take(response, signal) {
    const fresh = new DOMParser().parseFromString(await response.text(), "text/html");
    const ticket = fresh.querySelector("[data-ticket]");
    if (!ticket) return false;
    await dress(fresh);
    if (signal?.aborted) return true;
    shown = ticket.dataset.ticket;
    link.href = page(shown);
    document.title = fresh.title;
    pane.setAttribute("aria-label", ticket.querySelector("h1").textContent.trim());
    told.replaceChildren(...fresh.querySelectorAll(".notices .message"));
    body.replaceChildren(ticket);
    pane.scrollTop = 0;
    mark();
    return true;
  }

  async function load(number, { focus = false } = {}) {
    asked?.abort();
    const { signal } = asked = new AbortController();
    shown = number;
    pane.hidden = false;
    pane.setAttribute("aria-busy", "true");
    mark();
    try {
      const response = await fetch(page(number), { headers: { Accept: "text/html" }, signal });
      if (!await take(response, signal)) location.replace(page(number)); // it says what is wrong, or asks to sign in
      else if (focus && !signal.aborted) pane.focus({ focusVisible: true, preventScroll: true });
    } catch (error) {
      if (signal.aborted) return;
      body.replaceChildren();
      say(pane.dataset.away);
    }
    if (!signal.aborted) pane.removeAttribute("aria-busy");
  }

  function open(number, { focus = false } = {}) {
    clearTimeout(waits);
    if (sends) { // what is being done comes back into the pane first
      waits = setTimeout(() => open(number, { focus }), REST);
      return;
    }
    if (number === shown && !pane.hasAttribute("aria-busy")) {
      if (focus) pane.focus({ focusVisible: true, preventScroll: true });
      return;
    }
    // One step back closes the pane, however many tickets were looked at.
    if (shown) history.replaceState(history.state, "", address(number));
    else history.pushState({ beside: true }, "", address(number));
    load(number, { focus });
  }

  function shut() {
    if (history.state?.beside) {
      history.back();
      return;
    }
    history.replaceState(null, "", address(null));
    follow();
  }

  // Shows what the address names.
  function follow() {
    const number = named();
    clearTimeout(waits);
    if (number && !wide.matches && !shown) location.replace(page(number));
    else if (number) {
      if (number !== shown) load(number);
      rows().find((row) => numberOf(row) === number)?.scrollIntoView({ block: "nearest" });
    } else if (shown) {
      asked?.abort();
      const list = rows();
      const row = list.find((each) => numberOf(each) === shown) ?? list[Math.min(place, list.length - 1)];
      shown = null;
      pane.hidden = true;
      pane.removeAttribute("aria-busy");
      document.title = title;
      body.replaceChildren();
      told.replaceChildren();
      mark();
      (row?.querySelector(".what a") ?? document.getElementById("main")).focus({ focusVisible: true, preventScroll: true });
      requestAnimationFrame(() => row?.scrollIntoView({ block: "nearest" })); // after what the browser makes of "back"
    }
  }

  document.addEventListener("click", (event) => {
    if (event.button || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey || !wide.matches) return;
    const title = event.target.closest("tr.ticket .what a");
    if (!title) return;
    event.preventDefault();
    open(numberOf(title.closest("tr.ticket")), { focus: true });
  });
  document.addEventListener("keuring:row", ({ target }) => {
    if (!shown) return;
    clearTimeout(waits);
    pane.setAttribute("aria-busy", "true"); // from here on no key does anything to the ticket that was left
    waits = setTimeout(() => open(numberOf(target)), REST);
  });
  document.addEventListener("keydown", (event) => {
    const isIn = event.target.closest?.("input:not([type=checkbox]), textarea, select, dialog, .bar");
    if (event.key === "Escape" && shown && !event.defaultPrevented && !isIn) shut();
  });
  pane.querySelector("[data-close]").addEventListener("click", shut);
  document.addEventListener("keuring:shown", mark);
  window.addEventListener("popstate", follow);

  // What is done to the ticket at its own address comes back to it, and so does undoing; other forms lead elsewhere.
  function comesBack(form) {
    const own = form.closest("[data-ticket]")?.dataset.ticket;
    return own ? form.getAttribute("action").startsWith(page(own)) && !("leaves" in form.dataset) : told.contains(form);
  }
  pane.addEventListener("submit", async (event) => {
    const form = event.target;
    if (!comesBack(form)) return;
    event.preventDefault();
    if (sends) return;
    sends = true;
    clearTimeout(waits);
    asked?.abort();
    try {
      const response = await fetch(form.getAttribute("action"), { method: "POST", body: new FormData(form, event.submitter) });
      if (pane.hidden) document.dispatchEvent(new Event("keuring:done"));
      else if (await take(response)) {
        history.replaceState(history.state, "", address(shown));
        document.querySelectorAll(".page > .notices .message").forEach((old) => old.remove());
        document.dispatchEvent(new Event("keuring:done"));
        const field = body.querySelector("details[open] [aria-invalid=true], .acts details[open] :is(textarea, select, input:not([type=hidden]))");
        (field ?? pane).focus({ focusVisible: true, preventScroll: true });
      } else say(pane.dataset.failed);
    } catch {
      say(pane.dataset.away);
    }
    pane.removeAttribute("aria-busy");
    sends = false;
  });

  follow();
})();
