// Everything by keyboard: single keys outside of fields, Ctrl+K for the command bar, ? for the list of keys.
import { silent } from "./alarm.js";
import { span } from "./choices.js";

const $ = (id) => document.getElementById(id);
const LEADS = { q: "/staff", a: "/staff/alarms", n: "/staff/new", t: "/staff/today", l: "/staff/logs", h: "/staff/assistant" };
const LEAD_MS = 1200;
const commands = $("commands");
const field = $("command-text");
const list = $("command-list");
let lead = 0;
let entries = [];
let active = 0;
let asked = 0;

function typing(target) {
  return target.closest("input, textarea, select, [contenteditable]");
}

function rows() {
  return [...document.querySelectorAll("#piece tbody tr")];
}

function step(by) {
  const all = rows();
  if (!all.length) return;
  const now = all.findIndex((row) => row.contains(document.activeElement));
  const next = all[Math.min(Math.max(now + by, 0), all.length - 1)];
  next.querySelector(".what a")?.focus();
}

function press(selector) {
  const found = document.querySelector(selector);
  if (found) found.requestSubmit ? found.requestSubmit() : found.click();
}

function write(id, box) {
  const details = box && $(box);
  if (details) details.open = true;
  $(id)?.focus();
}

const KEYS = {
  "?": () => $("keys").showModal(),
  j: () => step(1),
  k: () => step(-1),
  x: () => document.activeElement?.closest("tr")?.querySelector("input[type=checkbox]")?.click(),
  r: () => write("reply-text"),
  n: () => write("note-text", "note-box"),
  t: () => press("form[data-turn=take_over]"),
  b: () => press("form[data-turn=hand_back]"),
};

document.addEventListener("keydown", (event) => {
  if (event.isComposing) return;
  if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k") {
    event.preventDefault();
    return openCommands();
  }
  if (event.ctrlKey || event.metaKey || event.altKey || typing(event.target) || document.querySelector("dialog[open]")) return;
  if (Date.now() - lead < LEAD_MS && LEADS[event.key]) {
    lead = 0;
    // Where the member may not go there is no link, and no key.
    const to = document.querySelector(`.bar a[href="${LEADS[event.key]}"]`);
    return to && location.assign(to.href);
  }
  if (event.key === "g") {
    lead = Date.now();
    return;
  }
  if (event.key === "/" && $("reply-text")) {
    event.preventDefault();
    const text = $("reply-text");
    text.focus();
    text.setRangeText("/", text.selectionStart, text.selectionEnd, "end");
    text.dispatchEvent(new Event("input", { bubbles: true }));
    return;
  }
  const act = KEYS[event.key];
  if (act) {
    event.preventDefault();
    act();
  }
});

document.addEventListener("click", (event) => event.target.closest("[data-close]")?.closest("dialog").close());
$("open-keys")?.addEventListener("click", KEYS["?"]);
$("open-commands")?.addEventListener("click", openCommands);

// The command bar knows the page's own links and buttons, so that a new page needs nothing here.
function own() {
  const links = [...document.querySelectorAll(".bar nav a, .tabs a, .me a")].map((link) => ({
    title: link.innerText.trim().replace(/\s+/g, " "),
    go: () => location.assign(link.href),
  }));
  const folds = [...document.querySelectorAll("main details > summary")].map((fold) => ({
    title: fold.innerText.trim(),
    go() {
      fold.parentElement.open = true;
      fold.scrollIntoView({ block: "center" });
      (fold.parentElement.querySelector("input:not([type=hidden]), select, textarea, button, a") ?? fold).focus();
    },
  }));
  const turns = [...document.querySelectorAll("form[data-turn]")].map((form) => ({
    title: form.innerText.trim(),
    go: () => form.requestSubmit(),
  }));
  const reply = $("reply-text") ? [{ title: $("reply-text").labels[0].innerText, go: () => write("reply-text") }] : [];
  return [...turns, ...reply, ...folds, ...links].filter((one) => one.title);
}

function openCommands() {
  if (!commands || commands.open) return;
  field.value = "";
  commands.showModal();
  look();
}

async function look() {
  const query = field.value.trim().toLowerCase();
  const mine = ++asked;
  entries = own().filter((one) => one.title.toLowerCase().includes(query));
  active = 0;
  show();
  if (!query) return;
  const answer = await fetch(`${commands.dataset.find}?q=${encodeURIComponent(query)}`, {
    headers: { accept: "application/json" },
  });
  if (!answer.ok || mine !== asked) return;
  const found = (await answer.json()).map((one) => ({
    title: one.title,
    sample: one.sample,
    go: () => location.assign(one.to),
  }));
  entries = [...entries, ...found];
  show();
}

function show() {
  list.replaceChildren(
    ...entries.slice(0, 30).map((entry, index) => {
      const item = document.createElement("li");
      item.id = `command-${index}`;
      item.setAttribute("role", "option");
      item.setAttribute("aria-selected", index === active ? "true" : "false");
      item.append(span(entry.title, "title"), span(entry.sample ?? "", "sample"));
      item.addEventListener("click", () => run(entry));
      return item;
    }),
  );
  list.hidden = entries.length === 0;
  if (entries.length) field.setAttribute("aria-activedescendant", `command-${active}`);
  else field.removeAttribute("aria-activedescendant");
  list.children[active]?.scrollIntoView({ block: "nearest" });
}

function run(entry) {
  if (!entry) return;
  commands.close();
  entry.go();
}

field?.addEventListener("input", (event) => event.isComposing || look());
field?.addEventListener("compositionend", look);
field?.addEventListener("keydown", (event) => {
  if (event.isComposing || !entries.length) return;
  const last = Math.min(entries.length, 30);
  if (event.key === "ArrowDown") active = (active + 1) % last;
  else if (event.key === "ArrowUp") active = (active + last - 1) % last;
  else if (event.key === "Enter") {
    event.preventDefault();
    return run(entries[active]);
  } else return;
  event.preventDefault();
  show();
});

const sound = $("sound");
function told() {
  if (!sound) return;
  sound.textContent = silent.on ? sound.dataset.off : sound.dataset.on;
  sound.setAttribute("aria-pressed", silent.on ? "false" : "true");
}
sound?.addEventListener("click", () => {
  silent.on = !silent.on;
  told();
});
told();
