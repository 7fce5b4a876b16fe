// The residents' page with a script: an echo at once, delivery states, and replies that appear by themselves.
import { follow, once } from "./live.js";

const $ = (id) => document.getElementById(id);
const { base, cursor, longest, photos: mostPhotos } = document.body.dataset;
const words = $("words").dataset;
const form = $("compose");
const text = $("text");
const log = $("log");
const scroll = $("scroll");
const picker = $("photos");
let seq = Number(document.body.dataset.seq);
let following = false;
let picked = [];
let waiting = 0;

// Plain HTTP has no crypto.randomUUID, but it has random values.
function newId() {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

function toNewest() {
  scroll.scrollTop = 0; // the column is laid out in reverse: 0 is its end
}

function element(tag, className, content) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  if (content !== undefined) made.textContent = content;
  return made;
}

function echo(message) {
  const item = element("li", "msg mine pending");
  item.dataset.client = message.id;
  const bubble = element("div", "bubble");
  if (message.text) bubble.append(element("p", "text", message.text));
  if (message.files.length) {
    const box = element("div", "photos");
    for (const file of message.files) {
      const frame = element("span", "preview");
      const image = element("img");
      image.alt = words.photo;
      image.src = URL.createObjectURL(file);
      frame.append(image);
      box.append(frame);
    }
    bubble.append(box);
  }
  const state = element("p", "state", words.sending);
  item.append(element("span", "unseen", words.me), bubble, state);
  log.append(item);
  $("welcome")?.remove();
  toNewest();
  return { item, state };
}

function note(sentences) {
  $("note")?.remove();
  if (!sentences.length) return;
  const told = element("p", "note", sentences.join(" "));
  told.id = "note";
  told.setAttribute("role", "status");
  $("latest").before(told);
  toNewest();
}

async function send(message, shown = echo(message)) {
  shown.state.className = "state";
  shown.state.textContent = words.sending;
  $("replies").replaceChildren();
  const body = new FormData();
  body.set("id", message.id);
  body.set("text", message.text);
  if (message.pressed) body.set("pressed", "1");
  for (const file of message.files) body.append("photo", file, file.name);
  try {
    const answer = await fetch(`${base}/messages`, { method: "POST", body, headers: { accept: "application/json" } });
    const result = await answer.json();
    if (!answer.ok || !result.stored) {
      shown.item.remove();
      if (message.text && !text.value) text.value = message.text;
      note(result.notes ?? [words.failed]);
      return;
    }
    note(result.notes);
    shown.item.classList.remove("pending");
    shown.state.textContent = words.sent;
    typing(true);
    start();
    await update();
  } catch {
    shown.state.className = "state failed";
    const again = element("button", "", words.again);
    again.type = "button";
    again.addEventListener("click", () => send(message, shown));
    shown.state.replaceChildren(`${words.failed} `, again);
  }
}

function typing(on) {
  document.querySelector(".typing")?.remove();
  clearTimeout(waiting);
  if (!on) return;
  const dots = element("li", "bubble typing");
  dots.setAttribute("aria-hidden", "true");
  dots.append(element("i"), element("i"), element("i"));
  log.append(dots);
  waiting = setTimeout(() => typing(false), 15000);
}

function place(html) {
  const piece = document.createElement("template");
  piece.innerHTML = html;
  for (const item of piece.content.querySelectorAll("[data-client]")) {
    const shown = log.querySelector(`.mine[data-client="${CSS.escape(item.dataset.client)}"]`);
    if (!shown) continue;
    const state = shown.querySelector(".state");
    if (state) item.append(state);
    shown.remove();
  }
  const near = scroll.scrollTop > -120;
  const dots = log.querySelector(".typing");
  log.append(piece.content);
  if (dots) log.append(dots);
  const states = log.querySelectorAll(".state:not(.failed)");
  states.forEach((state, place) => place < states.length - 1 && state.remove());
  if (near) toNewest();
}

const update = once(async () => {
  const last = [...log.querySelectorAll("[data-seq]")].pop()?.dataset ?? {};
  const query = new URLSearchParams({ after: seq, at: last.at ?? "", who: last.who ?? "" });
  const answer = await fetch(`${base}/updates?${query}`, { headers: { accept: "application/json" } });
  if (!answer.ok) return;
  const fresh = await answer.json();
  if (fresh.messages.trim()) {
    place(fresh.messages);
    $("replies").innerHTML = fresh.replies;
    if (fresh.answered || fresh.person) typing(false);
  }
  seq = Math.max(seq, fresh.seq);
  const cards = $("cards");
  cards.hidden = !fresh.cards;
  if (cards.innerHTML !== fresh.cards) cards.innerHTML = fresh.cards;
});

function start() {
  if (following) return;
  following = true;
  follow(`${base}/events?cursor=${encodeURIComponent(cursor)}`, {
    change: update,
    state: (up) => {
      $("offline").hidden = up || navigator.onLine;
      if (up) update();
    },
  });
}

function choose(files) {
  picked = [...picked, ...files].slice(0, Number(mostPhotos));
  const box = $("picked");
  box.replaceChildren(
    ...picked.map((file, place) => {
      const frame = element("figure");
      const image = element("img");
      image.alt = file.name;
      image.src = URL.createObjectURL(file);
      const drop = element("button");
      drop.type = "button";
      drop.setAttribute("aria-label", words.remove);
      drop.append(element("span", "", "×"));
      drop.addEventListener("click", () => {
        picked = picked.filter((_, other) => other !== place);
        choose([]);
      });
      frame.append(image, drop);
      return frame;
    }),
  );
  box.hidden = picked.length === 0;
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  const message = { id: newId(), text: text.value.trim().slice(0, Number(longest)), files: picked };
  if (!message.text && !message.files.length) {
    text.focus();
    return;
  }
  text.value = "";
  picked = [];
  choose([]);
  send(message);
  text.focus();
});

// Enter sends, Shift+Enter breaks the line; while Chinese is being composed Enter only chooses a word.
text.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.shiftKey || event.isComposing || event.keyCode === 229) return;
  event.preventDefault();
  form.requestSubmit();
});

picker.addEventListener("change", () => {
  choose(picker.files);
  picker.value = "";
});

// Quick replies and the first page's buttons are forms; with a script they become messages like any other.
document.addEventListener("submit", (event) => {
  const says = event.submitter?.value;
  if (event.target === form || !says || event.submitter.name !== "text") return;
  event.preventDefault();
  send({ id: newId(), text: says, files: [], pressed: true });
});

$("text-size").addEventListener("click", (event) => {
  event.preventDefault();
  const large = document.documentElement.classList.toggle("large");
  document.cookie = `desk_text=${large ? 1 : 0}; path=/; max-age=31536000; samesite=lax`;
  event.currentTarget.querySelector(".aa").textContent = large ? words.small : words.large;
});

window.addEventListener("offline", () => ($("offline").hidden = false));
window.addEventListener("online", () => {
  $("offline").hidden = true;
  update();
});
document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && seq && update());

if (seq) start();
// Where streams are cut off (some proxies do), the page still goes on.
setInterval(() => document.visibilityState === "visible" && seq && update(), 20000);
