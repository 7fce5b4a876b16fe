// The residents' page with a script: an echo at once, delivery states, and replies that appear by themselves.
import { add, addOlder, echo, first, forget, last, log, mark, note, shown, toNewest, words, writing } from "./chat-log.js";
import { openOutbox } from "./chat-outbox.js";
import { openPicker } from "./chat-photos.js";
import { follow, once } from "./live.js";

const $ = (id) => document.getElementById(id);
const { base, cursor, longest, photos: mostPhotos, working, archive } = document.body.dataset;
const form = $("compose");
const text = $("text");
const JSON_ONLY = { accept: "application/json" };
const TEXT_SECONDS = 20;
const PHOTO_SECONDS = 120;
let seq = Number(document.body.dataset.seq);
let following = false;
let connected = false;
let wasDown = false;
let downTimer = 0;
let cardsShown = "";

// Plain HTTP has no crypto.randomUUID, but it has random values.
function newId() {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

async function post(message) {
  const body = new FormData();
  body.set("id", message.id);
  body.set("text", message.text);
  if (message.pressed) body.set("pressed", "1");
  for (const file of message.files) body.append("photo", file, file.name);
  const waited = new AbortController();
  const seconds = message.files.length ? PHOTO_SECONDS : TEXT_SECONDS;
  const timer = setTimeout(() => waited.abort(), seconds * 1000);
  try {
    const answer = await fetch(`${base}/messages`, { method: "POST", body, headers: JSON_ONLY, signal: waited.signal });
    if (answer.status >= 500) return { later: true };
    const told = await answer.json().catch(() => ({}));
    if (answer.status === 429) return { later: true, seconds: told.wait ?? 60, notes: told.notes };
    return answer.ok ? told : { stored: false, notes: told.notes ?? [words.refused] };
  } catch {
    return { later: true };
  } finally {
    clearTimeout(timer);
  }
}

const outbox = openOutbox({
  base,
  post,
  told(message, state, { notes }) {
    if (state === "refused") {
      forget(message.id);
      if (message.text && !message.pressed && !text.value) text.value = message.text;
      note(notes);
      return;
    }
    echo(message);
    mark(message.id, state, () => outbox.run());
    if (notes) note(notes);
    if (state === "sent") {
      writing(true);
      start();
      update();
    }
  },
});
const picker = openPicker($("picked"), Number(mostPhotos));

function send(message) {
  $("replies").replaceChildren();
  $("note")?.remove();
  outbox.add({ id: newId(), text: "", files: [], pressed: false, ...message });
}

const update = once(async () => {
  const { at = "", who = "" } = last();
  const query = new URLSearchParams({ after: seq, at, who });
  const answer = await fetch(`${base}/updates?${query}`, { headers: JSON_ONLY }).catch(() => null);
  if (!answer?.ok) return;
  const fresh = await answer.json();
  if (fresh.more) {
    location.reload(); // more has happened than one answer holds
    return;
  }
  if (fresh.messages.trim()) {
    add(fresh.messages);
    $("replies").innerHTML = log.querySelector(".pending") ? "" : fresh.replies;
    toNewestIfAtEnd();
  }
  seq = Math.max(seq, fresh.seq);
  writing(fresh.working);
  showCards(fresh.cards);
});

function toNewestIfAtEnd() {
  if ($("scroll").scrollTop > -120) toNewest();
}

function showCards(html) {
  const cards = $("cards");
  cards.hidden = !html;
  if (html === cardsShown) return;
  cardsShown = html;
  const focused = cards.contains(document.activeElement) && document.activeElement.closest("li, summary");
  cards.innerHTML = html;
  if (focused) cards.querySelector("summary")?.focus(); // what had the focus may be gone
}

function start() {
  if (following || !seqKnown()) return;
  following = true;
  follow(`${base}/events?cursor=${encodeURIComponent(cursor)}`, {
    change: update,
    state: (up) => {
      connected = up;
      clearTimeout(downTimer);
      wasDown = false;
      // A short break is nobody's concern.
      if (!up) downTimer = setTimeout(() => ((wasDown = true), showConnection()), 4000);
      showConnection();
      if (up) update();
    },
  });
}

// There is something to follow once a message has been stored.
function seqKnown() {
  return seq > 0 || Boolean(log.querySelector(".mine:not(.pending)"));
}

function showConnection() {
  const line = $("offline");
  const offline = !navigator.onLine;
  const said = offline ? words.offline : wasDown ? words.reconnecting : "";
  line.hidden = !said;
  if (line.textContent !== said) line.textContent = said;
}

form.addEventListener("submit", (event) => {
  if (archive) return;
  event.preventDefault();
  const said = text.value.trim().slice(0, Number(longest));
  const files = picker.take();
  if (!said && !files.length) {
    text.focus();
    return;
  }
  text.value = "";
  grow();
  send({ text: said, files });
  text.focus();
});

// Enter sends, Shift+Enter breaks the line; while Chinese is being composed Enter only chooses a word.
text.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.shiftKey || event.isComposing || event.keyCode === 229) return;
  event.preventDefault();
  form.requestSubmit();
});

// Browsers that cannot size the field by its content are helped.
function grow() {
  if (CSS.supports("field-sizing", "content")) return;
  text.style.height = "auto";
  text.style.height = `${text.scrollHeight + 2}px`;
}
text.addEventListener("input", grow);

for (const input of form.querySelectorAll('input[type="file"]')) {
  input.addEventListener("change", () => {
    const chosen = [...input.files];
    input.value = "";
    $("add").open = false;
    picker.add(chosen);
    text.focus();
  });
}
text.addEventListener("paste", (event) => {
  const files = [...(event.clipboardData?.files ?? [])];
  if (!files.length) return;
  event.preventDefault();
  picker.add(files);
});

// Quick replies, the first page's buttons and ratings are forms; with a script none of them leaves the page.
document.addEventListener("submit", (event) => {
  const button = event.submitter;
  if (event.target === form || archive || !button?.value) return;
  event.preventDefault();
  if (button.name === "text") {
    send({ text: button.value, pressed: true });
    if (!matchMedia("(pointer: coarse)").matches) text.focus();
  } else if (button.name === "says") {
    rate(event.target, button);
  }
});

async function rate(card, button) {
  for (const one of card.querySelectorAll("button")) one.disabled = true;
  const body = new URLSearchParams({ says: button.value });
  const answer = await fetch(card.action, { method: "POST", body, headers: JSON_ONLY }).catch(() => null);
  const told = (await answer?.json().catch(() => null)) ?? {};
  if (!answer?.ok) for (const one of card.querySelectorAll("button")) one.disabled = false;
  note(told.notes ?? [words.refused]);
  if (answer?.ok) {
    $("cards").open = false;
    update();
  }
}

$("older")?.addEventListener("click", async (event) => {
  const link = event.target.closest("a");
  if (!link || archive) return;
  event.preventDefault();
  const answer = await fetch(`${base}/updates?before=${first().seq}`, { headers: JSON_ONLY }).catch(() => null);
  if (!answer?.ok) return;
  const older = await answer.json();
  addOlder(older.messages);
  if (!older.more) $("older").remove();
});

// Display settings take effect at once; the server remembers them.
function choose(link, className, on, off) {
  link.addEventListener("click", (event) => {
    event.preventDefault();
    const chosen = document.documentElement.classList.toggle(className);
    fetch(link.href, { headers: JSON_ONLY, keepalive: true }).catch(() => null);
    link.href = link.href.replace(/=[01]$/, chosen ? "=0" : "=1");
    chosen ? on(link) : off(link);
    toNewestIfAtEnd();
  });
}
function sized(link, name, label) {
  link.querySelector(".aa").textContent = name;
  link.setAttribute("aria-label", label);
}
choose(
  $("text-size"),
  "large",
  (link) => sized(link, words.smaller, words.smallerLabel),
  (link) => sized(link, words.larger, words.largerLabel),
);
choose(
  $("contrast"),
  "contrast",
  (link) => (link.textContent = words.plain),
  (link) => (link.textContent = words.contrast),
);

// Small menus close when something else is touched, and by Escape.
document.addEventListener("click", (event) => {
  for (const menu of [$("menu"), $("add")]) if (!menu.contains(event.target)) menu.open = false;
});
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  for (const menu of [$("menu"), $("add"), $("cards")]) {
    if (!menu.open || !menu.contains(document.activeElement)) continue;
    menu.open = false;
    menu.querySelector("summary").focus();
  }
});

window.addEventListener("offline", showConnection);
window.addEventListener("online", () => {
  showConnection();
  outbox.run();
  if (seq) update();
});
document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && seq && update());

document.documentElement.classList.add("scripted");
if (!archive) {
  outbox.restore((id) => Boolean(shown(id)));
  if (working) writing(true);
  start();
  showConnection();
  // Where streams are cut off (some proxies do) the page still goes on: more often while a reply is awaited.
  setInterval(() => {
    if (document.visibilityState !== "visible" || !seqKnown()) return;
    if (!connected || Date.now() % 20000 < 5000) update();
  }, 5000);
}
