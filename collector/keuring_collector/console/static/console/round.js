// A round where there is no network. What is noted goes into a queue on this phone and from there to the desk, in order
// and once each: the desk knows every key. What it refuses or tells of stays on the page until somebody has seen it.
"use strict";
(() => {
  const round = document.querySelector("[data-round]");
  if (!round) return;
  const words = round.dataset;
  const told = round.querySelector("[data-told]");
  const news = round.querySelector("[data-news]");
  const signIn = round.querySelector("[data-sign-in-link]");
  const SHELF = `keuring-round-${words.who}`;
  const read = (name) => { try { return JSON.parse(localStorage.getItem(`${SHELF}-${name}`) ?? "[]"); } catch { return []; } };
  const write = (name, list) => localStorage.setItem(`${SHELF}-${name}`, JSON.stringify(list));
  const cookie = () => document.cookie.split("; ").find((each) => /^(__Host-)?csrf=/.test(each))?.split("=")[1] ?? "";

  function say() {
    const waiting = read("queue");
    const here = waiting.filter((each) => each.page === location.pathname);
    for (const stop of document.querySelectorAll("[data-stop]")) {
      const mine = here.find((each) => each.stop === stop.dataset.stop);
      const line = stop.querySelector("[data-pending]");
      if (line) {
        line.hidden = !mine;
        line.textContent = mine ? `${words.kept}: ${mine.shown}` : "";
      }
      stop.classList.toggle("waiting", Boolean(mine));
    }
    const count = waiting.length;
    const waits = count > 1 ? words.waitingMore.replace("0", count) : count ? words.waitingOne : "";
    const away = round.classList.contains("away") ? words.offline : "";
    const text = [signIn.hidden ? away : words.signIn, waits && `${waits}.`].filter(Boolean).join(" ");
    if (told.textContent !== text) told.textContent = text;
    news.replaceChildren(...read("news").map((each, index) => {
      const item = document.createElement("li");
      const button = document.createElement("button");
      button.className = "link";
      button.textContent = words.forget;
      button.addEventListener("click", () => { write("news", read("news").filter((_, at) => at !== index)); say(); });
      item.append(`${each.refused ? words.refused : words.conflict} ${each.text} `, button);
      return item;
    }));
    round.classList.toggle("telling", Boolean(text) || news.children.length > 0);
  }

  function tell(entry, text, refused) {
    const typed = refused && entry.shown ? ` (${entry.shown})` : "";
    write("news", [...read("news"), { text: `${entry.name}: ${text}${typed}`, refused }]);
  }

  // What was refused for how it was filled in stands in its form again, to be mended.
  function open(entry) {
    const form = [...document.querySelectorAll("form[data-queue=stop]")].find((each) => each.getAttribute("action") === entry.url);
    if (!form || entry.page !== location.pathname) return;
    for (const [name, value] of entry.fields) {
      const field = form.elements[name];
      if (field && name !== "key") field.value = value;
    }
    form.closest("details").open = true;
  }

  // A day belongs to what asks for one.
  function ask(form) {
    if (form.elements.back_on) form.elements.back_on.required = form.elements.outcome.value === "back";
    for (const choice of form.querySelectorAll("select[name^=do_]")) {
      form.elements[choice.name.replace("do_", "day_")].required = choice.value === "plan";
    }
  }
  document.addEventListener("change", (event) => {
    const form = event.target.closest("form[data-queue=stop]");
    if (form) ask(form);
  });

  // One thing. True: it is done with; false: it waits.
  async function send(entry) {
    let response;
    try {
      response = await fetch(entry.url, {
        method: "POST",
        body: new URLSearchParams(entry.fields),
        headers: { Accept: "application/json", "X-CSRFToken": cookie() },
        redirect: "manual",
        credentials: "same-origin",
      });
    } catch {
      round.classList.add("away");
      return false;
    }
    round.classList.remove("away");
    if (response.type === "opaqueredirect" || response.status === 401 || response.status === 403) {
      signIn.hidden = false;
      return false;
    }
    signIn.hidden = true;
    if (response.status >= 500 || response.status === 429) return false;
    let answer = {};
    try { answer = await response.json(); } catch { /* no JSON: a page that says why */ }
    if (!response.ok) {
      tell(entry, answer.why ?? String(response.status), true);
      if (response.status === 422) open(entry);
    }
    for (const conflict of answer.conflicts ?? []) tell(entry, conflict, false);
    return true;
  }

  async function flush() {
    let sent = 0;
    for (;;) {
      const [first] = read("queue");
      if (!first || !(await send(first))) break;
      write("queue", read("queue").filter((each) => each.id !== first.id));
      sent += 1;
    }
    return sent;
  }

  // One page at a time sends, so that things arrive in order.
  async function go() {
    const sent = navigator.locks ? await navigator.locks.request("keuring-round", flush) : await flush();
    say();
    if (sent && !read("queue").length && !document.querySelector("details.tell[open]")) location.reload();
  }

  document.addEventListener("submit", (event) => {
    const form = event.target.closest("form[data-queue]");
    if (!form) return;
    event.preventDefault();
    const fields = [...new FormData(form)].map(([name, value]) => [name, String(value)]);
    const stop = form.closest("[data-stop]");
    const chosen = form.querySelector("input[name=outcome]:checked + span")?.textContent ?? "";
    const seen = Number(form.elements.seen?.value ?? 0);
    const note = form.querySelector("[name=note]")?.value.trim() ?? "";
    write("queue", [...read("queue"), {
      id: crypto.randomUUID(),
      url: form.getAttribute("action"),
      page: location.pathname,
      stop: stop?.dataset.stop ?? "",
      name: stop?.querySelector("h2").textContent.trim() ?? document.querySelector("h1").textContent.trim(),
      shown: [chosen, note].filter(Boolean).join(": "),
      fields: fields.filter(([name]) => name !== "csrfmiddlewaretoken"),
    }]);
    const details = form.closest("details");
    if (details) {
      details.open = false;
      form.reset();
      ask(form);
      // What comes next from this form is another thing, told of the stop as this one left it.
      form.elements.key.value = crypto.randomUUID();
      form.elements.seen.value = String(seen + 1);
      details.querySelector("summary").focus();
    } else form.hidden = true;
    say();
    go();
  });

  addEventListener("online", go);
  addEventListener("offline", () => { round.classList.add("away"); say(); });
  document.addEventListener("visibilitychange", () => { if (!document.hidden) go(); });
  if (!navigator.onLine) round.classList.add("away");
  say();
  if (read("queue").length) go();

  if (navigator.serviceWorker) {
    navigator.serviceWorker.addEventListener("message", (event) => {
      if (event.data?.kept) document.documentElement.dataset.kept = "yes";
    });
    navigator.serviceWorker.register(words.worker, { scope: words.scope }).then(async () => {
      const assets = [...document.querySelectorAll("link[rel=stylesheet], link[rel=icon], script[src]")].map((each) => each.href || each.src);
      (await navigator.serviceWorker.ready).active.postMessage({ page: location.pathname, assets });
    }).catch(() => { /* without it the page works as long as it stays open */ });
  }
})();
