// Writing to a resident: canned replies, the check while typing, one-key mends, the draft, sending once.
import { choose, span } from "./choices.js";
import { once } from "./live.js";

const CHECK_MS = 350;
const DRAFT_MS = 900;
const $ = (id) => document.getElementById(id);
const JSON_PLEASE = { accept: "application/json" };

// `crypto.randomUUID` is missing on a plain-HTTP network; random bytes are not.
function newKey() {
  return [...crypto.getRandomValues(new Uint8Array(12))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

export function writing(form, { show, say, here }) {
  const text = form.elements.namedItem("text");
  const hint = $("counts");
  const findings = $("findings");
  const { tSending, tFailed, tAgain, tKept, tMe } = form.dataset;
  let checkTimer = 0;
  let draftTimer = 0;
  let keptDraft = text.value;
  let key = newKey();
  let promised = "";

  function found(told) {
    if (told.html !== undefined) findings.innerHTML = told.html;
    // What the writer has changed about a promise stays while the text promises the same.
    if (told.promises !== undefined && told.promises !== promised) {
      promised = told.promises;
      $("promises").innerHTML = promised;
    }
    $("override-field").hidden = !told.blocked;
    if (told.counts !== undefined) hint.textContent = told.counts ? hint.dataset.yes : hint.dataset.no;
  }

  const check = once(async () => {
    const body = new URLSearchParams(new FormData(form));
    const answer = await fetch(form.dataset.check, { method: "POST", body, headers: JSON_PLEASE });
    if (answer.ok) found(await answer.json());
  });

  const keep = once(async () => {
    if (text.value === keptDraft) return;
    const value = text.value;
    const body = new URLSearchParams({ text: value });
    const answer = await fetch(form.dataset.draft, { method: "POST", body, keepalive: true });
    if (!answer.ok) return;
    keptDraft = value;
    $("draft-state").textContent = value.trim() ? tKept : "";
  });

  function changed() {
    clearTimeout(checkTimer);
    clearTimeout(draftTimer);
    checkTimer = setTimeout(check, CHECK_MS);
    draftTimer = setTimeout(keep, DRAFT_MS);
    $("draft-state").textContent = "";
    if (text.value.trim()) here.writes();
    else here.stopped();
  }

  form.addEventListener("input", (event) => event.isComposing || event.target.name === "override" || changed());
  text.addEventListener("compositionend", changed);
  window.addEventListener("pagehide", keep);

  // Ctrl+Enter sends; Enter alone never does, for a reply to a resident is read once more first.
  text.addEventListener("keydown", (event) => {
    if (event.isComposing) return;
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) form.requestSubmit();
    if (event.altKey && /^[1-9]$/.test(event.key)) {
      const button = findings.querySelectorAll(".fix")[Number(event.key) - 1];
      if (button) {
        event.preventDefault();
        mend(button);
      }
    }
  });

  // The place was found in the text as it was checked, in whole characters; meanwhile the writer may have gone on.
  function mend({ dataset }) {
    const { taken, put, last } = dataset;
    const lead = text.value.length - text.value.trimStart().length;
    const signs = [...text.value.slice(lead)];
    let start = last ? text.value.trimEnd().length : lead + signs.slice(0, Number(dataset.start)).join("").length;
    if (taken && !text.value.startsWith(taken, start)) start = text.value.indexOf(taken);
    if (start >= 0) text.setRangeText(put, start, start + taken.length, "end");
    text.focus();
    changed();
  }

  findings.addEventListener("click", (event) => {
    const button = event.target.closest(".fix");
    if (button) mend(button);
  });

  $("use-suggested")?.addEventListener("click", () => {
    text.setRangeText($("suggested-text").textContent.trim(), text.selectionStart, text.selectionEnd, "end");
    text.focus();
    changed();
  });

  choose(text, $("choices"), {
    sign: "/",
    atStart: true,
    find: async (query) => {
      const answer = await fetch(`${form.dataset.canned}?q=${encodeURIComponent(query)}`, { headers: JSON_PLEASE });
      return answer.ok ? answer.json() : [];
    },
    label: (one) => [span(`/${one.code}`, "code"), span(one.title, "title"), span(one.text, "sample")],
    take: (one) => one.text,
  });

  // A sending has a key of its own: sent again after a broken connection, it is still sent once.
  async function send(body, bubble) {
    bubble.state(tSending);
    let answer;
    try {
      answer = await fetch(form.action, { method: "POST", body, headers: JSON_PLEASE });
    } catch {
      return bubble.failed(() => send(body, bubble));
    }
    if (answer.status === 401) return location.reload();
    if (answer.status >= 500) return bubble.failed(() => send(body, bubble));
    const told = await answer.json();
    bubble.remove();
    if (!told.ok) {
      text.value = text.value.trim() ? text.value : body.get("text");
      if (told.html !== undefined) found(told);
      show(told);
      if (told.news?.trim()) $("news").innerHTML = told.news;
      say(told.message, false);
      text.focus();
      changed();
      return undefined;
    }
    form.elements.namedItem("override").value = "";
    if (!text.value.trim()) {
      findings.replaceChildren();
      $("promises").replaceChildren();
      promised = "";
      keptDraft = "";
    }
    show(told, { sent: !text.value.trim() });
    say(told.done, true);
    return undefined;
  }

  function bubbleOf(words) {
    const item = document.createElement("div");
    item.className = "line out staff sending";
    const meta = span("", "meta");
    const body = document.createElement("div");
    body.className = "bubble";
    body.textContent = words;
    item.append(meta, body);
    $("pending")?.append(item);
    return {
      state: (line) => meta.replaceChildren(span(`${tMe} · ${line}`)),
      failed(again) {
        const button = document.createElement("button");
        button.type = "button";
        button.className = "mini";
        button.textContent = tAgain;
        button.addEventListener("click", again, { once: true });
        meta.replaceChildren(span(`${tMe} · ${tFailed} `), button);
        item.classList.add("failed");
      },
      remove: () => item.remove(),
    };
  }

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (!text.value.trim()) return;
    const body = new URLSearchParams(new FormData(form));
    body.set("key", key);
    key = newKey();
    const bubble = bubbleOf(text.value.trim());
    text.value = "";
    clearTimeout(draftTimer);
    here.stopped();
    form.querySelectorAll("[name=concludes]").forEach((box) => (box.checked = false));
    form.querySelectorAll("[name=promised_at]").forEach((field) => (field.value = ""));
    $("promises").replaceChildren();
    promised = "";
    send(body, bubble);
  });

  if (text.value.trim()) check();
}
