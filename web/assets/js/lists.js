// Keeps the queue and the alarms fresh. Rows never jump under the pointer: while it is over them, a button waits.
import { tell } from "./alarm.js";
import { follow, once } from "./live.js";

const { piece: address, cursor, tFresh, tPicked, often } = document.body.dataset;
const piece = document.getElementById("piece");
const LEAST_MS = 1500;
const HIDDEN_MS = 6000;
// A server that takes long is asked less often: however many pages are open, they leave it most of its time.
const PATIENCE = 8;
let offered = null;
let lastAt = 0;
let tookMs = 0;
let timer = 0;

function count(root) {
  const told = root.querySelector("[data-alarms]");
  if (!told) return;
  const { alarms, waiting, quiet } = told.dataset;
  tell({ alarms: Number(alarms), waiting: Number(waiting ?? 0), quiet: quiet === "1" });
}

function picked() {
  return [...piece.querySelectorAll("tbody input[type=checkbox]:checked")];
}

function busy() {
  return (
    piece.querySelector("tbody:hover, .held:hover, .alarm-list:hover, .run-out:hover, .figures:hover") ||
    piece.contains(document.activeElement) ||
    picked().length > 0
  );
}

function put(html) {
  piece.innerHTML = html;
  offered = null;
  count(piece);
  showPicked();
}

function showPicked() {
  const bar = document.getElementById("bulk-bar");
  if (!bar) return;
  const chosen = picked().length;
  bar.hidden = chosen === 0;
  document.getElementById("bulk-count").textContent = tPicked.replace("{n}", chosen);
}

// The counts may change at any time, for nobody aims at a number; the rows wait while somebody is at them.
function putCounts(fresh) {
  const now = piece.querySelector(".tabs");
  const next = fresh.querySelector(".tabs");
  if (!now || !next || now.matches(":hover") || now.contains(document.activeElement)) return;
  const button = now.querySelector(".fresh-note");
  now.replaceWith(next);
  if (button) next.append(button);
}

const refresh = once(async () => {
  lastAt = Date.now();
  const answer = await fetch(address);
  if (answer.status === 401) return location.reload();
  if (!answer.ok) return;
  const html = await answer.text();
  tookMs = Date.now() - lastAt;
  const fresh = document.createElement("template");
  fresh.innerHTML = html;
  count(fresh.content);
  if (!busy()) return put(html);
  putCounts(fresh.content);
  if (offered) {
    offered.html = html;
    return;
  }
  const button = document.createElement("button");
  button.type = "button";
  button.className = "btn fresh-note";
  button.textContent = tFresh;
  offered = { html };
  button.addEventListener("click", () => put(offered.html));
  (piece.querySelector(".tabs") ?? piece).append(button);
});

// The first change shows at once; a storm of them shows every second and a half.
function soon() {
  clearTimeout(timer);
  const pause = Math.max(document.hidden ? HIDDEN_MS : LEAST_MS, tookMs * PATIENCE);
  const wait = Math.max(0, lastAt + pause - Date.now());
  timer = setTimeout(refresh, wait);
}

piece.addEventListener("change", (event) => {
  if (event.target.id === "all-rows") {
    for (const box of piece.querySelectorAll("tbody input[type=checkbox]")) box.checked = event.target.checked;
  }
  showPicked();
});
document.getElementById("filters")?.addEventListener("change", (event) => event.currentTarget.requestSubmit());

count(piece);
follow(`/staff/events?cursor=${encodeURIComponent(cursor)}`, {
  change: ({ kind }) => kind?.startsWith("presence") || soon(),
  state: (up) => up && soon(),
});
setInterval(refresh, often ? 10000 : 45000);
