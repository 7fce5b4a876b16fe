// Opens the forms for a wrong label and for new knowledge from a message, and the list of colleagues after an @.
import { choose, span } from "./choices.js";

const JSON_PLEASE = { accept: "application/json" };

export function suggesting(say) {
  document.addEventListener("click", (event) => {
    const opener = event.target.closest("[data-open]");
    if (!opener) return;
    const dialog = document.getElementById(opener.dataset.open);
    const form = dialog.querySelector("form");
    form.action = form.dataset.to.replace("{id}", opener.dataset.message);
    const quote = dialog.querySelector("[data-quote]");
    if (quote) quote.textContent = opener.dataset.text;
    const answer = dialog.querySelector("[data-value]");
    if (answer) answer.value = opener.dataset.text;
    const list = dialog.querySelector("select");
    if (list && opener.dataset.value) list.value = opener.dataset.value;
    dialog.showModal();
  });

  for (const form of document.querySelectorAll("dialog form[data-to]")) {
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      const body = new URLSearchParams(new FormData(form));
      const answer = await fetch(form.action, { method: "POST", body, headers: JSON_PLEASE });
      form.closest("dialog").close();
      if (answer.ok) say((await answer.json()).done, true);
      form.reset();
    });
  }

  const note = document.getElementById("note-text");
  if (!note) return;
  choose(note, document.getElementById("people"), {
    sign: "@",
    find: async (query) => {
      const answer = await fetch(`/staff/colleagues?q=${encodeURIComponent(query)}`, { headers: JSON_PLEASE });
      return answer.ok ? answer.json() : [];
    },
    label: (one) => [span(one.name, "title"), span(one.department, "sample")],
    take: (one) => `@${one.name} `,
  });
}
