// A ticket's page: the conversation and the facts stay fresh, what is being written is left alone.
import { follow, once } from "./live.js";

const $ = (id) => document.getElementById(id);
const { live, cursor, ticket, conversation } = document.body.dataset;
const form = $("reply");

const refresh = once(async () => {
  const answer = await fetch(live, { headers: { accept: "application/json" } });
  if (answer.status === 401) return location.reload();
  if (!answer.ok) return;
  const fresh = await answer.json();
  put("log", fresh.log);
  put("facts", fresh.facts);
  put("turn", fresh.held);
  // What is shown now is what an answer is checked against.
  for (const [name, value] of Object.entries({
    ticket_version: fresh.ticket_version,
    conversation_version: fresh.conversation_version,
    seq: fresh.seq,
  })) {
    for (const field of document.querySelectorAll(`input[name="${name}"]`)) field.value = value;
  }
});

function put(id, html) {
  const box = $(id);
  if (!box || !html || box.contains(document.activeElement) || box.querySelector("details.why[open]")) return;
  const old = document.createElement("template");
  old.innerHTML = html;
  if (box.innerHTML === old.innerHTML) return;
  box.replaceChildren(old.content);
}

follow(`/staff/events?cursor=${encodeURIComponent(cursor)}`, {
  change: (told) => {
    if (!told.kind || told.ticket === ticket || told.conversation === conversation) refresh();
  },
  state: (up) => up && refresh(),
});
setInterval(refresh, 45000);

document.addEventListener("submit", async (event) => {
  if (!event.target.matches(".reveal")) return;
  event.preventDefault();
  const answer = await fetch(event.target.action, { method: "POST", headers: { accept: "application/json" } });
  if (!answer.ok) return;
  const { phone } = await answer.json();
  const shown = document.createElement("a");
  shown.href = `tel:${phone}`;
  shown.textContent = phone;
  $("phone").replaceWith(shown);
  event.target.remove();
});

if (form) {
  const text = form.elements.namedItem("text");
  const hint = $("counts");
  let timer = 0;

  const check = once(async () => {
    const body = new URLSearchParams(new FormData(form));
    const answer = await fetch(form.dataset.check, { method: "POST", body, headers: { accept: "application/json" } });
    if (!answer.ok) return;
    const found = await answer.json();
    $("findings").innerHTML = found.html;
    $("override-field").hidden = !found.blocked;
    hint.textContent = found.counts ? hint.dataset.yes : hint.dataset.no;
  });

  form.addEventListener("input", (event) => {
    if (event.isComposing || event.target.name === "override") return;
    clearTimeout(timer);
    timer = setTimeout(check, 350);
  });
  text.addEventListener("compositionend", () => {
    clearTimeout(timer);
    timer = setTimeout(check, 350);
  });
  // Ctrl+Enter sends; Enter alone never does, for a reply to a resident is read once more first.
  text.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && !event.isComposing) form.requestSubmit();
  });
}
