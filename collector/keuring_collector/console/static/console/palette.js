// The command palette: pages and actions of the page at hand, and machines and articles by name. Ctrl K opens it.
"use strict";
(() => {
  const dialog = document.getElementById("palette");
  if (!dialog) return;
  const field = dialog.querySelector("input");
  const list = dialog.querySelector("[role=listbox]");
  const status = dialog.querySelector("[role=status]");
  let options = [];
  let at = 0;
  let asked = 0;

  const words = (element) => element.textContent.replace(/\s+/g, " ").trim();
  function pages() {
    return [...document.querySelectorAll(".rail nav a")].map((link) => {
      const text = [...link.childNodes].filter((node) => node.nodeType === 3).map((node) => node.textContent).join("").trim();
      return { kind: dialog.dataset.page, text, about: "", run: () => { location.href = link.href; } };
    });
  }
  function actions() {
    return [...document.querySelectorAll("main [data-key], .notices [data-key]")].map((element) => {
      const key = element.dataset.key;
      const text = words(element).replace(new RegExp(`\\s*${key}$`), "");
      const run = () => document.body.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true }));
      return { kind: dialog.dataset.action, text, about: key, run };
    });
  }
  function mark(index) {
    at = Math.max(0, Math.min(options.length - 1, index));
    [...list.children].forEach((item, number) => item.setAttribute("aria-selected", String(number === at)));
    const chosen = list.children[at];
    if (chosen) {
      field.setAttribute("aria-activedescendant", chosen.id);
      chosen.scrollIntoView({ block: "nearest" });
    } else field.removeAttribute("aria-activedescendant");
  }
  function draw(found) {
    options = found.slice(0, 12);
    list.replaceChildren(...options.map((option, number) => {
      const item = document.createElement("li");
      item.id = `palette-${number}`;
      item.setAttribute("role", "option");
      for (const [name, text] of [["b", option.text], ["span", option.about], ["i", option.kind]]) {
        const part = document.createElement(name);
        part.textContent = text;
        item.append(part, " ");
      }
      item.addEventListener("click", () => choose(number));
      return item;
    }));
    status.textContent = options.length ? "" : dialog.dataset.none;
    mark(0);
  }
  function choose(number) {
    const option = options[number];
    if (!option) return;
    dialog.close();
    option.run();
  }
  async function look() {
    const text = field.value.trim();
    const mine = ++asked;
    const here = [...actions(), ...pages()].filter((each) => each.text.toLowerCase().includes(text.toLowerCase()));
    const everywhere = { kind: dialog.dataset.search, text, about: "", run: () => {
      location.href = `${dialog.dataset.everywhere}?q=${encodeURIComponent(text)}`;
    } };
    draw(text ? [...here, everywhere] : here);
    if (text.length < 2) return;
    try {
      const response = await fetch(`${dialog.dataset.suggest}?q=${encodeURIComponent(text)}`, { headers: { Accept: "application/json" } });
      if (!response.ok || mine !== asked) return;
      const { found } = await response.json();
      if (mine !== asked) return;
      draw([...here, ...found.map((each) => ({ ...each, run: () => { location.href = each.url; } })), everywhere]);
    } catch { /* away: what is on the page can still be chosen, and the search itself says what is wrong */ }
  }
  function open() {
    if (dialog.open) return;
    field.value = "";
    dialog.showModal();
    look();
    field.focus();
  }

  field.addEventListener("input", look);
  field.addEventListener("keydown", (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) {
      event.preventDefault();
      mark((at + step + options.length) % Math.max(1, options.length));
    } else if (event.key === "Enter") {
      event.preventDefault();
      choose(at);
    }
  });
  dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); });
  document.addEventListener("keydown", (event) => {
    if ((event.ctrlKey || event.metaKey) && !event.altKey && !event.shiftKey && event.key.toLowerCase() === "k") {
      event.preventDefault();
      open();
    }
  });
  for (const button of document.querySelectorAll("[data-palette]")) button.addEventListener("click", open);
})();
