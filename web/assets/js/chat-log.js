// The conversation as it is shown: what is sent appears at once, what the desk says joins it, and nothing stands twice.
const $ = (id) => document.getElementById(id);
export const words = $("words").dataset;
export const log = $("log");
const scroll = $("scroll");
const titled = document.title;
let unseen = 0;
let hiding = 0;

export function element(tag, className, content) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  if (content !== undefined) made.textContent = content;
  return made;
}

export function toNewest() {
  scroll.scrollTop = 0; // the column is laid out in reverse: 0 is its end
  document.querySelector(".fresh")?.remove();
}

function nearTheEnd() {
  return scroll.scrollTop > -120;
}

export function shown(id) {
  return log.querySelector(`.mine[data-client="${CSS.escape(id)}"]`);
}

// The bubble of a message that is on its way.
export function echo(message) {
  if (shown(message.id)) return;
  const item = element("li", "msg mine pending");
  item.dataset.client = message.id;
  const bubble = element("div", "bubble");
  if (message.text) bubble.append(element("p", "text", message.text));
  if (message.files.length) {
    const box = element("div", "photos");
    message.files.forEach((file, place) => {
      const frame = element("span", "preview");
      const image = element("img");
      image.alt = `${words.photo}${place + 1}`;
      image.addEventListener("load", () => URL.revokeObjectURL(image.src), { once: true });
      image.src = URL.createObjectURL(file);
      frame.append(image);
      box.append(frame);
    });
    bubble.append(box);
  }
  item.append(element("span", "unseen", words.me), bubble, element("p", "state", words.sending));
  const dots = log.querySelector(".typing");
  if (dots) dots.before(item);
  else log.append(item);
  $("welcome")?.remove();
  toNewest();
}

// How far a message has come: "sending", "queued" (it is tried again, at once when `again` is called) or "sent".
export function mark(id, state, again) {
  const item = shown(id);
  if (!item) return;
  let line = item.querySelector(".state");
  if (!line) {
    line = element("p", "state");
    item.append(line);
  }
  line.className = state === "queued" ? "state queued" : "state";
  item.classList.toggle("pending", state !== "sent");
  if (state === "queued") {
    const button = element("button", "", words.again);
    button.type = "button";
    button.addEventListener("click", again);
    line.replaceChildren(`${words.queued} `, button);
  } else {
    line.textContent = words[state];
  }
  if (state === "sent") onlyLastState();
}

function onlyLastState() {
  const states = log.querySelectorAll(".msg:not(.pending) .state");
  states.forEach((line, place) => place < states.length - 1 && line.remove());
}

export function forget(id) {
  shown(id)?.remove();
}

export function note(sentences) {
  $("note")?.remove();
  if (!sentences?.length) return;
  const told = element("p", "note", sentences.join(" "));
  told.id = "note";
  told.setAttribute("role", "status");
  $("latest").before(told);
  toNewest();
}

// The bot is at work; it ends by itself should the server never say so.
export function writing(on) {
  clearTimeout(hiding);
  const dots = log.querySelector(".typing");
  $("busy").textContent = on ? words.writing : "";
  if (!on) {
    dots?.remove();
    return;
  }
  hiding = setTimeout(() => writing(false), 30000);
  if (dots) return;
  const made = element("li", "bubble typing");
  made.setAttribute("aria-hidden", "true");
  made.append(element("i"), element("i"), element("i"));
  log.append(made);
  if (nearTheEnd()) toNewest();
}

function fragment(html) {
  const piece = document.createElement("template");
  piece.innerHTML = html;
  return piece.content;
}

// Adds messages of the server at the end; one that was shown while on its way gives its place to the stored one.
export function add(html) {
  const piece = fragment(html);
  for (const item of piece.querySelectorAll("[data-seq]")) {
    if (log.querySelector(`[data-seq="${item.dataset.seq}"]`)) {
      item.remove();
      continue;
    }
    const mine = item.dataset.client && shown(item.dataset.client);
    if (!mine) continue;
    const state = mine.querySelector(".state");
    if (state) item.append(state);
    mine.remove();
  }
  const fresh = piece.querySelectorAll("[data-seq]:not(.mine)").length;
  const near = nearTheEnd();
  const tail = [...log.querySelectorAll(".pending, .typing")];
  log.append(piece, ...tail);
  onlyLastState();
  if (near) toNewest();
  else if (fresh) offerNewest();
  if (fresh && document.visibilityState === "hidden") {
    unseen += fresh;
    document.title = `(${unseen}) ${titled}`;
  }
}

function offerNewest() {
  if (document.querySelector(".fresh")) return;
  const button = element("button", "btn fresh", words.fresh);
  button.type = "button";
  button.addEventListener("click", toNewest);
  document.querySelector(".bottom").prepend(button);
}

export function addOlder(html) {
  log.prepend(fragment(html)); // the column is anchored at its end, so nothing moves under the eye
}

export function last() {
  return [...log.querySelectorAll("[data-seq]")].pop()?.dataset ?? {};
}

export function first() {
  return log.querySelector("[data-seq]")?.dataset ?? {};
}

scroll.addEventListener("scroll", () => nearTheEnd() && document.querySelector(".fresh")?.remove(), { passive: true });
document.addEventListener("visibilitychange", () => {
  if (document.visibilityState !== "visible") return;
  unseen = 0;
  document.title = titled;
});
