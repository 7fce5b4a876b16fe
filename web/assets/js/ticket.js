// A ticket's page: the conversation and the facts stay fresh, what is being written is left alone.
import { tell } from "./alarm.js";
import { follow, once } from "./live.js";
import { presence } from "./presence.js";
import { suggesting } from "./suggesting.js";
import { writing } from "./writing.js";

const $ = (id) => document.getElementById(id);
const { live, cursor, ticket, conversation } = document.body.dataset;
const form = $("reply");
const NAMES = ["ticket_version", "conversation_version", "seq"];
let unseen = 0;

function seen() {
  return form ? form.elements.namedItem("seq").value : "";
}

function put(id, html) {
  const box = $(id);
  if (!box || html === undefined || box.contains(document.activeElement)) return;
  if (box.querySelector("details.why[open], details.give[open], .reveal details[open]")) return;
  const fresh = document.createElement("template");
  fresh.innerHTML = html;
  if (box.innerHTML === fresh.innerHTML) return;
  box.replaceChildren(fresh.content);
}

// What is shown when one begins to write is what the answer is checked against: so a reply that was begun before a
// new message waits until its writer has seen it.
function adopt(fresh, everywhere) {
  for (const name of NAMES) {
    for (const field of document.querySelectorAll(`input[name="${name}"]`)) {
      if (everywhere || field.form !== form) field.value = fresh[name];
    }
  }
}

let latest = null;

function show(fresh, { sent = false } = {}) {
  latest = fresh;
  put("log", fresh.log);
  put("facts", fresh.facts);
  put("turn", fresh.held);
  put("here", fresh.here);
  const begun = form && form.elements.namedItem("text").value.trim() && !sent;
  if (begun) put("news", fresh.news);
  else if ($("news")) $("news").replaceChildren();
  adopt(fresh, !begun || !fresh.news.trim());
}

const refresh = once(async () => {
  const answer = await fetch(`${live}?seq=${seen()}`, { headers: { accept: "application/json" } });
  if (answer.status === 401) return location.reload();
  if (!answer.ok) return;
  const fresh = await answer.json();
  if (document.hidden && latest && Number(fresh.seq) > Number(latest.seq)) tell({ waiting: ++unseen });
  show(fresh);
});

document.addEventListener("visibilitychange", () => {
  if (!document.hidden && unseen) tell({ waiting: (unseen = 0) });
});

const here = presence(conversation, (html) => put("here", html));

follow(`/staff/events?cursor=${encodeURIComponent(cursor)}`, {
  change: (told) => {
    if (told.kind === `presence:${conversation}`) here.look();
    else if (!told.kind || told.ticket === ticket || told.conversation === conversation) refresh();
  },
  state: (up) => up && refresh(),
});
setInterval(refresh, 45000);

// One click takes over or hands back; who was second reads who was first.
document.addEventListener("submit", async (event) => {
  if (!event.target.matches("[data-turn]")) return;
  event.preventDefault();
  const body = new URLSearchParams(new FormData(event.target));
  const answer = await fetch(event.target.action, { method: "POST", body, headers: { accept: "application/json" } });
  const told = await answer.json();
  // Only the button that is about to go: whoever has begun to write in the meantime keeps the focus.
  if (event.target.contains(document.activeElement)) document.activeElement.blur();
  show(told, { sent: !form?.elements.namedItem("text").value.trim() });
  say(told.message ?? told.done, answer.ok);
});

document.addEventListener("submit", async (event) => {
  if (!event.target.matches(".reveal")) return;
  event.preventDefault();
  const body = new URLSearchParams(new FormData(event.target));
  const answer = await fetch(event.target.action, { method: "POST", body, headers: { accept: "application/json" } });
  if (!answer.ok) return;
  const { phone } = await answer.json();
  const shown = document.createElement("a");
  shown.href = `tel:${phone}`;
  shown.textContent = phone;
  $("phone").replaceWith(shown);
  event.target.remove();
});

function say(text, good) {
  if (!text) return;
  let line = $("said");
  if (!line) {
    line = document.createElement("p");
    line.id = "said";
    line.className = "told";
    line.setAttribute("role", "status");
    document.querySelector("main").before(line);
  }
  const note = document.createElement("span");
  note.className = `note ${good ? "good" : "bad"}`;
  note.textContent = text;
  line.replaceChildren(note);
}

document.addEventListener("click", (event) => {
  if (event.target.id !== "seen-news" || !latest) return;
  adopt(latest, true);
  $("news").replaceChildren();
  form.elements.namedItem("text").focus();
});

suggesting(say);
if (form) writing(form, { show, say, here });
